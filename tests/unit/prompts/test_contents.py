"""What is added, against the formulas written out as loops in float64."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import Tensor

from lorvp.errors import InputError
from lorvp.networks.interface import Canvas
from lorvp.prompts.contents.free import Free
from lorvp.prompts.contents.low_rank import LowRank, LowRankConfig
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


def low_rank(size: tuple[int, int], rank: int, **settings) -> LowRank:
    return LowRankConfig(rank=rank, **settings).build(Canvas(size), Everywhere(size))


@torch.no_grad()
@pytest.mark.parametrize(
    ("where", "rows", "columns"),
    [
        (Everywhere((5, 7)), range(5), range(7)),
        (Border((5, 7), 1), range(5), range(7)),
        (Corner((5, 7), 3), range(3), range(3)),
        (Outside(Frame(Canvas((5, 7)), 3)), range(5), range(7)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_low_rank_is_a_sum_over_ranks_on_the_rows_and_columns_of_its_placement(
    where, rows, columns
):
    torch.manual_seed(0)
    content = LowRankConfig(rank=2, left="normal", std=1.0).build(Canvas((5, 7)), where)
    got = content()
    assert got.shape == (3, 5, 7)
    assert content.left.shape == (3, len(rows), 2)
    assert content.right.shape == (3, 2, len(columns))
    for c in range(3):
        for y in range(5):
            for x in range(7):
                if y not in rows or x not in columns:
                    assert float(got[c, y, x]) == 0
                    continue
                left, right = content.left[c, y], content.right[c, :, x]
                expected = sum(float(left[k]) * float(right[k]) for k in range(2))
                assert float(got[c, y, x]) == pytest.approx(expected, rel=1e-12)


@torch.no_grad()
def test_low_rank_on_a_box_in_the_middle_lies_there():
    inside_HW = torch.zeros(6, 8, dtype=torch.bool)
    inside_HW[2:5, 3:7] = True
    content = LowRank(inside_HW, 2, left="standard_normal")
    for c in range(3):
        expected = torch.zeros(6, 8)
        for y in range(2, 5):
            for x in range(3, 7):
                expected[y, x] = content.left[c, y - 2] @ content.right[c, :, x - 3]
        torch.testing.assert_close(content()[c], expected, rtol=0, atol=1e-15)


@given(st.integers(1, 6), st.integers(6, 9), st.integers(6, 9))
def test_low_rank_has_at_most_its_rank(rank, height, width):
    content = low_rank((height, width), rank, left="normal")
    for channel_HW in content():
        assert int(torch.linalg.matrix_rank(channel_HW)) <= rank


@torch.no_grad()
def test_low_rank_starts_at_exactly_zero_with_the_published_defaults():
    torch.manual_seed(0)
    content = low_rank((224, 224), rank=4)
    assert not content().any()
    assert not content.left.any()
    # 2,688 draws: their standard deviation is known to 1.4 %.
    assert float(content.right.std()) == pytest.approx(0.01, rel=0.07)
    assert abs(float(content.right.mean())) < 5 * 0.01 / 2688**0.5


def test_only_the_left_factor_moves_first():
    content = low_rank((6, 6), rank=2)
    (content() * torch.rand(3, 6, 6)).sum().backward()
    assert content.left.grad.abs().min() > 0
    assert not content.right.grad.any()


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """PyTorch's rule for tensors of three dimensions: the last one is a receptive field."""
    first, second, field = shape
    return second * field, first * field


@torch.no_grad()
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(("start", "std"), [("normal", 0.03), ("standard_normal", 1.0)])
def test_normal_starts_of_either_factor(side, start, std):
    torch.manual_seed(0)
    other = {"left": "right", "right": "left"}[side]
    settings = {side: start, other: "uniform", "std": 0.03}
    factor = getattr(low_rank((300, 200), rank=10, **settings), side)
    n = factor.numel()
    assert abs(float(factor.mean())) < 5 * std / n**0.5
    assert float(factor.std()) == pytest.approx(std, rel=5 / (2 * n) ** 0.5)
    within = float((factor.abs() < std).double().mean())
    assert within == pytest.approx(0.6827, abs=5 * (0.6827 * 0.3173 / n) ** 0.5)


@torch.no_grad()
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("start", ["uniform", "xavier", "kaiming"])
def test_uniform_starts_of_either_factor(side, start):
    torch.manual_seed(0)
    other = {"left": "right", "right": "left"}[side]
    factor = getattr(low_rank((300, 200), rank=10, **{side: start, other: "normal"}), side)
    fan_in, fan_out = fans((3, 300, 10) if side == "left" else (3, 10, 200))
    bound = {
        "uniform": 0.1,
        "xavier": math.sqrt(6 / (fan_in + fan_out)),
        "kaiming": math.sqrt(2) * math.sqrt(3 / fan_in),
    }[start]
    n = factor.numel()
    # Of n values the largest is farther than 12/n below the bound once in e^12 seeds.
    assert bound * (1 - 24 / n) < float(factor.max()) <= bound
    assert -bound * (1 - 24 / n) > float(factor.min()) >= -bound
    assert abs(float(factor.mean())) < 5 * bound / (3 * n) ** 0.5
    assert float(factor.std()) == pytest.approx(bound / 3**0.5, rel=0.03)


@pytest.mark.parametrize("side", ["left", "right"])
def test_either_factor_can_start_at_zero_and_not_both(side):
    other = {"left": "right", "right": "left"}[side]
    content = low_rank((6, 6), 2, **{side: "zero", other: "standard_normal"})
    assert not getattr(content, side).any()
    assert getattr(content, other).all()
    with pytest.raises(ValidationError, match="neither would ever move"):
        LowRankConfig(left="zero", right="zero")


@pytest.mark.parametrize(("size", "rank"), [((4, 9), 5), ((9, 4), 5)])
def test_a_rank_above_the_smaller_side_is_refused(size, rank):
    with pytest.raises(InputError, match=rf"rank {rank} .* 4 .*{size[0]}x{size[1]}"):
        low_rank(size, rank)
    low_rank(size, 4)


def test_a_rank_above_the_box_of_its_placement_is_refused():
    config = LowRankConfig(rank=4)
    with pytest.raises(InputError, match=r"rank 4 .* 3 .*3x3"):
        config.build(Canvas((8, 9)), Corner((8, 9), 3))
    config.build(Canvas((8, 9)), Corner((8, 9), 4))


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
