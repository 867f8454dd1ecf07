"""The whole formula, pixel by pixel, and what of a model is trained and saved."""

import pytest
import torch

from lorvp.errors import InputError
from lorvp.mappings.base import Widths
from lorvp.mappings.linear import FmConfig, LpConfig
from lorvp.mappings.selection import IdentityConfig
from lorvp.model import PromptedNetwork
from lorvp.prompts.contents.free import FreeConfig
from lorvp.prompts.methods.adavipro import AdaViProConfig
from lorvp.prompts.methods.compose import ComposeConfig
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.prompts.methods.pad import PadConfig

from .tiny import FEATURES, MEAN, SOURCES, STD, TARGETS, images, tiny_network

SIZE = (16, 16)


def model(method, mapping=None, seed: int = 0) -> PromptedNetwork:
    torch.manual_seed(seed)
    widths = Widths(SOURCES, FEATURES, TARGETS)
    network = tiny_network(SIZE)
    return PromptedNetwork(
        method.build(Canvas(SIZE)), network, (mapping or LpConfig()).build(widths)
    )


def seen_by_network(method, formula) -> None:
    """Compare with ``formula(x, prompt, mean, std)`` at every value of every image."""
    whole = model(method).eval()
    torch.nn.init.normal_(next(iter(whole.prompt.content.parameters())))
    given = images(2, side=SIZE).images_NHWC
    prompt_CHW = whole.prompt.content().detach()
    inside_HW = whole.prompt.placement.support_HW
    got = whole.prompted(given).detach()
    for n in range(2):
        for y in range(SIZE[0]):
            for x in range(SIZE[1]):
                for c in range(3):
                    value = float(prompt_CHW[c, y, x]) * float(inside_HW[y, x])
                    level = int(given[n, y, x, c]) / 255
                    expected = formula(level, value, MEAN[c], STD[c])
                    assert float(got[n, c, y, x]) == pytest.approx(expected, abs=1e-12)


@pytest.mark.usefixtures("float64")
def test_a_pixel_prompt_is_added_before_normalisation():
    method = ComposeConfig(content=FreeConfig(std=1.0), space="pixel")
    seen_by_network(method, lambda x, prompt, mean, std: (x + prompt - mean) / std)


@pytest.mark.usefixtures("float64")
def test_a_normalised_prompt_is_added_after_it():
    seen_by_network(PadConfig(width=3), lambda x, prompt, mean, std: (x - mean) / std + prompt)


@pytest.mark.parametrize(
    ("method", "space"),
    [
        (NoneConfig(), "pixel"),
        (FullConfig(), "pixel"),
        (LorVpConfig(), "pixel"),
        (PadConfig(width=3), "normalised"),
        (AdaViProConfig(width=3, side=8), "normalised"),
    ],
)
def test_published_methods_work_in_their_own_space(method, space):
    assert method.build(Canvas(SIZE)).space == space


@pytest.mark.parametrize("method", [NoneConfig(), FullConfig(), LorVpConfig()])
def test_what_starts_at_zero_starts_from_the_bare_network(method):
    given = images(3, side=SIZE).images_NHWC
    whole, bare = model(method).eval(), tiny_network(SIZE)
    canvas = given.permute(0, 3, 1, 2) / 255
    assert torch.equal(whole.source_logits(given), bare(bare.normalise(canvas)))


@pytest.mark.parametrize("method", [PadConfig(width=3), AdaViProConfig(width=3, side=8)])
def test_the_border_starts_from_a_standard_normal(method):
    torch.manual_seed(0)
    values = method.build((64, 64)).content.values.detach()
    # 2,196 draws: their standard deviation is known to 1.5 %.
    assert float(values.std()) == pytest.approx(1, abs=0.08)


def test_logits_and_features_are_those_of_the_network():
    given = images(3, side=SIZE).images_NHWC
    for mapping, reads in ((FmConfig(), "logits"), (LpConfig(), "features")):
        whole = model(NoneConfig(), mapping).eval()
        outputs = whole.network(whole.prompted(given), reads)
        weight, bias = whole.mapping.linear.weight, whole.mapping.linear.bias
        expected = torch.stack([weight @ row + bias for row in outputs])
        torch.testing.assert_close(whole(given), expected)


def test_groups_are_named_by_role_and_empty_ones_left_out():
    method = AdaViProConfig(width=3, side=8)
    assert list(model(method).parameter_groups()) == ["content", "placement", "mapping"]
    assert list(model(PadConfig(width=3), IdentityConfig()).parameter_groups()) == ["content"]
    assert model(NoneConfig(), IdentityConfig()).parameter_groups() == {}


@pytest.mark.parametrize(
    "other",
    [
        (LorVpConfig(rank=2), LpConfig()),
        (PadConfig(width=3), LpConfig()),
        (LorVpConfig(), FmConfig()),
    ],
    ids=["shape", "names", "mapping"],
)
def test_a_state_of_another_model_is_refused_and_changes_nothing(other):
    whole = model(LorVpConfig(rank=4), LpConfig())
    before = whole.trained_state()
    with pytest.raises(InputError, match="do not fit"):
        whole.load_trained_state(model(*other).trained_state())
    after = whole.trained_state()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_training_mode_reaches_prompt_and_mapping_but_not_the_network():
    whole = model(LorVpConfig()).train()
    assert whole.prompt.training
    assert whole.mapping.training
    assert not any(part.training for part in whole.network.modules())
    whole.network.train()
    assert not whole.network.training


def test_no_weight_of_the_network_takes_a_gradient_but_the_image_does():
    network = tiny_network(SIZE)
    image = torch.rand(1, 3, *SIZE, requires_grad=True)
    network(image).sum().backward()
    assert not any(p.requires_grad for p in network.parameters())
    assert image.grad.abs().sum() > 0
