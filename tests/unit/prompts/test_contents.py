"""Contents against their formulas, written out as loops in float64."""

import math

import pytest
import torch
from torch import Tensor

from lorvp.errors import InputError
from lorvp.networks.interface import Canvas
from lorvp.prompts.contents.free import Free
from lorvp.prompts.contents.sigmoid import Sigmoid, SigmoidConfig
from lorvp.prompts.contents.tile import Tile, TileConfig
from lorvp.prompts.contents.zero import Zero
from lorvp.prompts.fits.frame import Frame
from lorvp.prompts.placements.border import Border
from lorvp.prompts.placements.corner import Corner
from lorvp.prompts.placements.everywhere import Everywhere
from lorvp.prompts.placements.outside import Outside

pytestmark = pytest.mark.usefixtures("float64")


def everywhere(height: int, width: int) -> Tensor:
    return torch.ones(height, width, dtype=torch.bool)


@torch.no_grad()
def test_free_puts_its_values_on_the_support_row_by_row_and_zero_elsewhere():
    torch.manual_seed(0)
    support_HW = torch.rand(5, 6) > 0.5
    content = Free(support_HW, std=1.0)
    got = content()
    for c in range(3):
        waiting = iter(content.values[c])
        for y in range(5):
            for x in range(6):
                expected = next(waiting) if support_HW[y, x] else 0.0
                assert float(got[c, y, x]) == float(expected)


@torch.no_grad()
def test_free_starts_with_the_given_deviation_and_at_zero_without():
    torch.manual_seed(0)
    support_HW = torch.ones(100, 100, dtype=torch.bool)
    assert not Free(support_HW).values.any()
    values = Free(support_HW, std=2.0).values
    assert float(values.std()) == pytest.approx(2.0, rel=0.02)
    assert float(values.mean()) == pytest.approx(0.0, abs=0.06)


def test_gradient_of_free_is_the_gradient_of_its_pixels():
    support_HW = torch.tensor([[True, False, True], [False, True, False]])
    content = Free(support_HW, std=1.0)
    weights_CHW = torch.rand(3, 2, 3)
    (content() * weights_CHW).sum().backward()
    assert torch.equal(content.values.grad, weights_CHW[:, support_HW])


def test_zero_has_nothing_to_train_or_save():
    content = Zero()
    assert not list(content.parameters())
    assert not content.state_dict()
    assert torch.equal(content().expand(3, 4, 5), torch.zeros(3, 4, 5))


@torch.no_grad()
def test_sigmoid_is_a_colour_on_its_placement_and_zero_elsewhere():
    torch.manual_seed(0)
    where = Outside(Frame(Canvas((7, 6)), 3))
    content = SigmoidConfig().build(Canvas((7, 6)), where)
    assert torch.equal(content()[:, where.support_HW], torch.full((3, 42 - 9), 0.5))
    torch.nn.init.normal_(content.values, std=3)
    got = content()
    for c in range(3):
        waiting = iter(content.values[c].tolist())
        for y in range(7):
            for x in range(6):
                inside = 2 <= y < 5 and 2 <= x < 5
                expected = 0.0 if inside else 1 / (1 + math.exp(-next(waiting)))
                assert float(got[c, y, x]) == pytest.approx(expected, rel=1e-14)


def test_gradient_of_sigmoid_is_its_slope():
    content = Sigmoid(everywhere(2, 3))
    with torch.no_grad():
        content.values.normal_()
    content().sum().backward()
    p = torch.sigmoid(content.values.detach())
    torch.testing.assert_close(content.values.grad, p * (1 - p))


@torch.no_grad()
@pytest.mark.parametrize(("size", "side"), [((8, 12), 4), ((6, 3), 3), ((5, 10), 5), ((4, 4), 1)])
def test_a_tile_repeats_over_the_canvas(size, side):
    content = TileConfig(side=side).build(Canvas(size), Everywhere(size))
    assert content.values.shape == (3, side, side)
    assert not content().any()
    torch.nn.init.normal_(content.values)
    got = content()
    for c in range(3):
        for y in range(size[0]):
            for x in range(size[1]):
                assert float(got[c, y, x]) == float(content.values[c, y % side, x % side])


def test_gradient_of_a_tile_is_the_sum_over_its_copies():
    content = Tile((4, 6), 2)
    weights_CHW = torch.rand(3, 4, 6)
    (content() * weights_CHW).sum().backward()
    for y in range(2):
        for x in range(2):
            expected = weights_CHW[:, y::2, x::2].sum((1, 2))
            torch.testing.assert_close(content.values.grad[:, y, x], expected)


def test_a_tile_has_the_networks_patches_unless_a_side_is_given():
    size = (16, 24)
    canvas, where = Canvas(size, patch=8), Everywhere(size)
    assert TileConfig().build(canvas, where).side == 8
    assert TileConfig(side=4).build(canvas, where).side == 4
    with pytest.raises(InputError, match="no patches, so `side`"):
        TileConfig().build(Canvas(size), where)
    with pytest.raises(InputError, match=r"side 7 do not tile .* 16x24"):
        TileConfig(side=7).build(canvas, where)


def test_a_tile_that_is_never_wholly_shown_is_refused():
    size = (16, 16)
    canvas = Canvas(size)
    TileConfig(side=4).build(canvas, Border(size, 2))
    with pytest.raises(InputError, match=r"4 of the 16 pixels of a tile of side 4"):
        TileConfig(side=4).build(canvas, Border(size, 1))
    with pytest.raises(InputError, match=r"28 of the 64 pixels of a tile of side 8"):
        TileConfig(side=8).build(canvas, Corner(size, 6))
