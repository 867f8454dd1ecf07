"""EVP's step with `normalised_gradient`, against the published formula on a whole canvas."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from lorvp.mappings.linear import FmConfig
from lorvp.mappings.selection import IdentityConfig
from lorvp.prompts.methods.evp import EvpConfig
from lorvp.recipe import NormalisedGradientConfig
from lorvp.training.model import PromptedNetwork
from lorvp.trials.run import build
from tests.support.canvases import first
from tests.support.tiny import TARGET_NAMES, images, tiny_network, training, trial

pytestmark = pytest.mark.usefixtures("float64")
SIZE, SIDE = (16, 24), 10
DATA = images(5, side=(SIDE, SIDE))


def model(mapping=None) -> PromptedNetwork:
    torch.manual_seed(0)
    method = EvpConfig(image_size=SIDE)
    whole = build(trial(method, mapping or IdentityConfig()), tiny_network(SIZE), TARGET_NAMES)
    with torch.no_grad():
        torch.nn.init.normal_(whole.prompt.content.values, std=0.3)
    return whole.train()


def frame_HW() -> Tensor:
    """1 around the image, 0 on it."""
    mask_HW = torch.ones(SIZE)
    top, left = (first(extent, SIDE) for extent in SIZE)
    mask_HW[top : top + SIDE, left : left + SIDE] = 0
    return mask_HW


def gradient(whole: PromptedNetwork, delta_CHW: Tensor) -> Tensor:
    """The mean over per-sample copies of a delta that covers the whole canvas."""
    copies = torch.stack([delta_CHW] * len(DATA)).requires_grad_(True)
    canvas = torch.zeros(len(DATA), 3, *SIZE)
    top, left = (first(extent, SIDE) for extent in SIZE)
    pixels = DATA.images_NHWC.permute(0, 3, 1, 2) / 255
    canvas[:, :, top : top + SIDE, left : left + SIDE] = pixels
    network = whole.network
    logits = whole.mapping(network(network.normalise(canvas + copies)))
    (found,) = torch.autograd.grad(F.cross_entropy(logits, DATA.labels_N), copies)
    return found.mean(0)


def published_step(whole: PromptedNetwork, delta_CHW: Tensor, lr: float) -> Tensor:
    g = gradient(whole, delta_CHW)
    return delta_CHW - lr * (g / (g.norm() + 1e-10)) * frame_HW()


def our_step(whole: PromptedNetwork, optimizer: torch.optim.Optimizer) -> Tensor:
    optimizer.zero_grad()
    F.cross_entropy(whole(DATA.images_NHWC), DATA.labels_N).backward()
    optimizer.step()
    return whole.prompt.content().detach()


@pytest.mark.parametrize("lr", [0.1, 70.0])
def test_three_steps_are_the_published_ones(lr):
    whole = model()
    config = training(optimizer=NormalisedGradientConfig(), lr=lr)
    optimizer = config.build_optimizer(whole.parameter_groups())
    expected = whole.prompt.content().detach()
    for _ in range(3):
        expected = published_step(whole, expected, lr)
        torch.testing.assert_close(our_step(whole, optimizer), expected, rtol=1e-8, atol=1e-8)


def test_the_norm_counts_the_pixels_of_the_image():
    """So a step is shorter than the learning rate, by the share of the frame."""
    whole = model()
    before = whole.prompt.content().detach()
    g = gradient(whole, before)
    share = float((g * frame_HW()).norm() / g.norm())
    assert 0.1 < share < 0.9
    optimizer = training(optimizer="normalised_gradient", lr=0.1).build_optimizer(
        whole.parameter_groups()
    )
    moved = our_step(whole, optimizer) - before
    assert float(moved.norm()) == pytest.approx(0.1 * share, rel=1e-6)


def test_the_pixels_of_the_image_are_never_changed():
    whole = model()
    optimizer = training(optimizer="normalised_gradient", lr=70.0).build_optimizer(
        whole.parameter_groups()
    )
    moved = our_step(whole, optimizer)
    assert not moved[:, frame_HW() == 0].any()
    assert moved[:, frame_HW() == 1].all()


def test_a_trained_mapping_beside_it_is_divided_by_the_norm_of_its_own_gradient():
    whole = model(FmConfig())
    config = training(optimizer="normalised_gradient", lr=0.1, lr_mapping=0.02)
    optimizer = config.build_optimizer(whole.parameter_groups())
    before = whole.mapping.linear.weight.detach().clone()
    our_step(whole, optimizer)
    g = whole.mapping.linear.weight.grad
    expected = before - 0.02 * g / g.norm()
    torch.testing.assert_close(whole.mapping.linear.weight.detach(), expected)


@torch.no_grad()
def test_evaluation_needs_no_gradient():
    whole = model().eval()
    assert torch.equal(whole(DATA.images_NHWC), whole(DATA.images_NHWC))


def test_other_optimisers_see_the_plain_gradient_of_the_frame():
    whole = model()
    before = whole.prompt.content().detach()
    g = gradient(whole, before) * len(DATA)
    optimizer = training(optimizer={"kind": "sgd", "momentum": 0.0}, lr=0.1).build_optimizer(
        whole.parameter_groups()
    )
    expected = before - 0.1 * g * frame_HW()
    torch.testing.assert_close(our_step(whole, optimizer), expected)
