"""What of a model is trained, saved and switched, and where it starts; formulas are elsewhere."""

import pytest
import torch
from torch import Tensor

from lorvp.errors import InputError
from lorvp.mappings.linear import FmConfig, LpConfig
from lorvp.mappings.selection import IdentityConfig
from lorvp.prompts.contents.free import FreeConfig
from lorvp.prompts.methods.adavipro import AdaViProConfig
from lorvp.prompts.methods.autovp import AutoVpConfig
from lorvp.prompts.methods.compose import ComposeConfig
from lorvp.prompts.methods.evp import EvpConfig
from lorvp.prompts.methods.fixed_patch import FixedPatchConfig
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.methods.ilm_vp import IlmVpConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.prompts.methods.pad import PadConfig
from lorvp.prompts.methods.patch_free import PatchFreeConfig
from lorvp.prompts.methods.patch_pad import PatchPadConfig
from lorvp.prompts.methods.patch_same import PatchSameConfig
from lorvp.prompts.methods.random_patch import RandomPatchConfig
from lorvp.prompts.methods.smm import SmmConfig
from lorvp.prompts.methods.vpt import VptConfig
from lorvp.training.model import PromptedNetwork
from lorvp.trials.run import build
from tests.support.prompted import seen_by_network
from tests.support.tiny import MEAN, STD, TARGET_NAMES, images, tiny_network, trial

SIZE = (16, 16)
FROM_NORMAL = [
    PadConfig(width=20),
    AdaViProConfig(width=20, side=8),
    FixedPatchConfig(width=40),
    RandomPatchConfig(width=40),
]
FROM_ZERO = [
    NoneConfig(),
    FullConfig(),
    PatchFreeConfig(),
    PatchSameConfig(),
    LorVpConfig(),
    SmmConfig(),
    IlmVpConfig(form="additive", width=3),
]
FRAMED = [PatchPadConfig(), EvpConfig(image_size=10), AutoVpConfig(base=8, convention="clip")]


def name(method) -> str:
    return method.kind


def model(method, mapping=None, seed: int = 0) -> PromptedNetwork:
    torch.manual_seed(seed)
    return build(trial(method, mapping), tiny_network(SIZE), TARGET_NAMES)


def follows(method, formula) -> None:
    """Compare with ``formula(x, prompt, mean, std)`` at every value of every image."""
    whole = model(method).eval()
    given = images(2, side=SIZE).images_NHWC
    prompt_CHW = whole.prompt.content().detach()
    got = seen_by_network(whole, given).detach()
    for n in range(2):
        for y in range(SIZE[0]):
            for x in range(SIZE[1]):
                for c in range(3):
                    level, value = int(given[n, y, x, c]) / 255, float(prompt_CHW[c, y, x])
                    expected = formula(level, value, MEAN[c], STD[c])
                    assert float(got[n, c, y, x]) == pytest.approx(expected, abs=1e-12)


@pytest.mark.usefixtures("float64")
def test_a_pixel_prompt_is_added_before_normalisation():
    method = ComposeConfig(content=FreeConfig(std=1.0), space="pixel")
    follows(method, lambda x, prompt, mean, std: (x + prompt - mean) / std)


@pytest.mark.usefixtures("float64")
def test_a_normalised_prompt_is_added_after_it():
    method = ComposeConfig(content=FreeConfig(std=1.0), space="normalised")
    follows(method, lambda x, prompt, mean, std: (x - mean) / std + prompt)


def canvas(given_NHWC: Tensor) -> Tensor:
    return given_NHWC.permute(0, 3, 1, 2) / 255


@pytest.mark.parametrize("method", FROM_ZERO, ids=name)
@pytest.mark.usefixtures("float64")
def test_what_starts_at_zero_starts_from_the_bare_network(method):
    given = images(3, side=SIZE).images_NHWC
    whole, bare = model(method).eval(), tiny_network(SIZE)
    expected = bare(bare.normalise(canvas(given)))
    torch.testing.assert_close(whole.outputs(given, "logits"), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("method", FRAMED, ids=name)
def test_a_frame_that_starts_at_zero_adds_nothing(method):
    whole, given = model(method).eval(), images(3, side=(20, 20)).images_NHWC
    laid = whole.prompt.fit(given)
    assert torch.equal(seen_by_network(whole, given), whole.network.normalise(laid))


@pytest.mark.parametrize(
    "method", [AutoVpConfig(base=8, scale=1.0), IlmVpConfig(image_size=8)], ids=name
)
def test_a_frame_under_a_sigmoid_starts_mid_grey(method):
    whole, given = model(method).eval(), images(2, side=(8, 8)).images_NHWC
    grey = torch.tensor([(0.5 - m) / s for m, s in zip(MEAN, STD, strict=True)])
    seen = seen_by_network(whole, given).detach()
    torch.testing.assert_close(seen[:, :, 0, 0], grey.expand(2, 3))
    torch.testing.assert_close(seen[:, :, 12:].mean((2, 3)), grey.expand(2, 3))


@pytest.mark.parametrize("method", FROM_NORMAL, ids=name)
def test_the_prompts_of_vp_start_from_a_standard_normal(method):
    torch.manual_seed(0)
    values = method.build(tiny_network((64, 64)).canvas).content.values.detach()
    # 4,800 draws or more: their standard deviation is known to 1 %.
    assert values.numel() >= 4800
    assert float(values.std()) == pytest.approx(1, abs=0.05)
    assert float(values.mean()) == pytest.approx(0, abs=0.07)


def test_logits_and_features_are_those_of_the_network():
    given = images(3, side=SIZE).images_NHWC
    for mapping, reads in ((FmConfig(), "logits"), (LpConfig(), "features")):
        whole = model(NoneConfig(), mapping).eval()
        outputs = whole.network(seen_by_network(whole, given), reads)
        weight, bias = whole.mapping.linear.weight, whole.mapping.linear.bias
        expected = torch.stack([weight @ row + bias for row in outputs])
        torch.testing.assert_close(whole(given), expected)


def test_groups_are_named_by_role_and_empty_ones_left_out():
    method = AdaViProConfig(width=3, side=8)
    assert list(model(method).parameter_groups()) == ["content", "placement", "mapping"]
    assert list(model(PadConfig(width=3), IdentityConfig()).parameter_groups()) == ["content"]
    assert model(NoneConfig(), IdentityConfig()).parameter_groups() == {}
    scaled = AutoVpConfig(base=8, train_scale=True)
    assert list(model(scaled, IdentityConfig()).parameter_groups()) == ["fit", "content"]
    assert list(model(VptConfig(), IdentityConfig()).parameter_groups()) == ["tokens"]


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
