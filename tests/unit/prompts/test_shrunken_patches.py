"""Patch-Pad's fit: every patch shrunk into a frame of its own, against loops over pixels."""

import pytest
import torch
from torch import Tensor

from lorvp.errors import InputError
from lorvp.networks.interface import Canvas
from lorvp.prompts.fits.shrunken_patches import ShrunkenPatches, ShrunkenPatchesConfig
from tests.support.tiny import images

pytestmark = pytest.mark.usefixtures("float64")
# Canvas, side of a patch, width of its frame.
CUT = [((16, 24), 8, 1), ((16, 8), 8, 3), ((10, 15), 5, 1), ((12, 12), 6, 2), ((9, 9), 3, 1)]
cut = pytest.mark.parametrize(("size", "side", "width"), CUT, ids=str)


def weights(side: int, inner: int) -> list[list[float]]:
    """A triangle as wide as the reduction around each new pixel's centre, of sum 1 (Pillow's)."""
    scale, found = side / inner, []
    for i in range(inner):
        row = [max(0.0, 1 - abs((j + 0.5) / scale - (i + 0.5))) for j in range(side)]
        found.append([weight / sum(row) for weight in row])
    return found


def shrunken(image_CHW: Tensor, side: int, width: int) -> Tensor:
    inner = side - 2 * width
    mix = weights(side, inner)
    found = torch.zeros_like(image_CHW)
    for y in range(image_CHW.shape[1]):
        for x in range(image_CHW.shape[2]):
            row, column = y % side - width, x % side - width
            if not (0 <= row < inner and 0 <= column < inner):
                continue
            top, left = y - y % side, x - x % side
            found[:, y, x] = sum(
                mix[row][i] * mix[column][j] * image_CHW[:, top + i, left + j]
                for i in range(side)
                for j in range(side)
            )
    return found


@cut
def test_each_patch_is_resized_by_itself_into_the_middle_of_its_square(size, side, width):
    raw = images(2, side=size).images_NHWC
    got = ShrunkenPatches(size, side, width)(raw)
    for n in range(2):
        expected = shrunken(raw[n].permute(2, 0, 1) / 255, side, width)
        torch.testing.assert_close(got[n], expected, rtol=0, atol=1e-12)


@cut
def test_the_image_is_the_inner_part_of_every_patch(size, side, width):
    fit = ShrunkenPatches(size, side, width)
    for y in range(size[0]):
        for x in range(size[1]):
            rows, columns = y % side, x % side
            nearest = min(rows, columns, side - 1 - rows, side - 1 - columns)
            assert bool(fit.image_HW()[y, x]) == (nearest >= width)
    assert torch.equal(fit.ever_free_HW(), ~fit.image_HW())


def test_a_patch_of_one_colour_keeps_it():
    raw = torch.zeros(1, 16, 24, 3, dtype=torch.uint8)
    raw[:, 8:, 8:16] = torch.tensor([10, 130, 250], dtype=torch.uint8)
    got = ShrunkenPatches((16, 24), 8, 2)(raw)
    for c, level in enumerate((10, 130, 250)):
        assert torch.allclose(got[0, c, 10:14, 10:14], torch.tensor(level / 255))
        assert float(got[0, c].sum()) == pytest.approx(16 * level / 255)


def test_the_networks_own_patches_are_taken_unless_a_side_is_given():
    canvas = Canvas((16, 24), patch=8)
    assert ShrunkenPatchesConfig().build(canvas).side == 8
    assert ShrunkenPatchesConfig(side=4).build(canvas).side == 4


@pytest.mark.parametrize(("side", "width", "most"), [(8, 4, 3), (8, 9, 3), (5, 3, 2), (1, 1, 0)])
def test_a_frame_that_leaves_no_image_is_refused_with_the_widest_there_is(side, width, most):
    with pytest.raises(InputError, match=rf"width {width} .* side {side}; at most {most}"):
        ShrunkenPatchesConfig(side=side, width=width).build(Canvas((40, 40)))


def test_patches_that_do_not_tile_the_canvas_are_refused():
    with pytest.raises(InputError, match=r"side 8 do not tile .* 16x20"):
        ShrunkenPatchesConfig().build(Canvas((16, 20), patch=8))


def test_a_network_without_patches_needs_a_side():
    with pytest.raises(InputError, match=r"no patches, so `side`"):
        ShrunkenPatchesConfig().build(Canvas((16, 16)))
    ShrunkenPatchesConfig(side=8).build(Canvas((16, 16)))
