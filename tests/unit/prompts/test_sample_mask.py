"""SMM's mask network, rebuilt layer by layer from its saved weights."""

from itertools import pairwise

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from lorvp.errors import InputError
from lorvp.networks.interface import Canvas
from lorvp.prompts.fits.resize import Resize
from lorvp.prompts.placements.sample_mask import SampleMask, SampleMaskConfig
from tests.support.sample_masks import (
    POOLS,
    mask_by_hand,
    unlike_its_start,
)

pytestmark = pytest.mark.usefixtures("float64")
SIZE = (32, 64)
# All patches that 5 and 6 layers can have.
SHAPES = [(layers, patch) for layers in (5, 6) for patch in POOLS if POOLS[patch] < layers]
shapes = pytest.mark.parametrize(("layers", "patch"), SHAPES)


def canvas(batch: int = 2, size: tuple[int, int] = SIZE) -> Tensor:
    return torch.randn(batch, 3, *size, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
@shapes
@pytest.mark.parametrize("colours", ["each", "shared"])
def test_the_mask_is_that_of_the_published_layers(layers, patch, colours):
    torch.manual_seed(0)
    config = SampleMaskConfig(layers=layers, patch=patch, colours=colours)
    place = unlike_its_start(config.build(Canvas(SIZE), Resize(SIZE))).eval()
    got = place(canvas())
    expected = mask_by_hand(place.state_dict(), canvas(), layers, patch, colours == "shared")
    assert got.shape == (2, 1 if colours == "shared" else 3, *SIZE)
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("layers", "widths"), [(5, [3, 8, 16, 32, 64]), (6, [3, 8, 16, 32, 64, 128])]
)
def test_channels_double_from_8_and_every_kernel_is_3x3(layers, widths):
    state = SampleMask(SIZE, layers).state_dict()
    found = [state[f"blocks.{i}.0.weight"].shape for i in range(layers - 1)]
    expected = [(b, a, 3, 3) for a, b in pairwise(widths)]
    assert found == expected
    assert state["last.weight"].shape == (3, widths[-1], 3, 3)


@torch.no_grad()
def test_weights_have_any_sign_and_differ_between_images_colours_and_squares():
    torch.manual_seed(0)
    mask = SampleMask(SIZE).eval()(canvas(8))
    assert mask.min() < 0 < mask.max()
    assert len(mask.unique(dim=0)) == 8
    assert len(mask[0].unique(dim=0)) == 3
    assert len(mask[0, 0].unique()) == (32 // 8) * (64 // 8)


def test_training_normalises_by_the_batch_and_evaluation_by_what_was_kept():
    torch.manual_seed(0)
    place, given = SampleMask(SIZE), canvas(4)
    before = place.eval()(given).detach()
    alone = place(given[:1]).detach()
    torch.testing.assert_close(alone, before[:1], rtol=0, atol=1e-12)
    place.train()(given)
    first = F.conv2d(given, place.blocks[0][0].weight, place.blocks[0][0].bias, padding=1)
    kept = place.blocks[0][1].running_mean
    torch.testing.assert_close(kept, 0.1 * first.mean((0, 2, 3)).detach())
    assert not torch.equal(place.eval()(given), before)


@shapes
@pytest.mark.parametrize("shared", [False, True])
def test_every_trained_value_takes_a_gradient(layers, patch, shared):
    torch.manual_seed(0)
    place = SampleMask(SIZE, layers, patch, shared).train()
    (place(canvas()) * torch.rand(2, 3, *SIZE)).sum().backward()
    for name, parameter in place.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_the_one_channel_variant_has_no_last_convolution():
    names = SampleMask(SIZE, shared=True).state_dict()
    assert not any(name.startswith("last") for name in names)


@pytest.mark.parametrize("size", [(32, 60), (60, 32)])
def test_a_patch_that_does_not_tile_the_canvas_is_refused(size):
    with pytest.raises(InputError, match=rf"side 8 do not tile .* {size[0]}x{size[1]}"):
        SampleMask(size, patch=8)
    SampleMask(size, patch=4)


def test_a_patch_of_32_needs_6_layers():
    with pytest.raises(InputError, match="patch of 32 needs 6 layers, not 5"):
        SampleMaskConfig(patch=32).build(Canvas(SIZE), Resize(SIZE))
    SampleMaskConfig(patch=32, layers=6).build(Canvas(SIZE), Resize(SIZE))
