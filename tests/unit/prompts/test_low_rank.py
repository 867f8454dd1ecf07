"""LoR-VP's product of two factors, written out as loops in float64."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lorvp.errors import InputError
from lorvp.networks.interface import Canvas
from lorvp.prompts.contents.low_rank import LowRank, LowRankConfig
from lorvp.prompts.fits.frame import Frame
from lorvp.prompts.placements.border import Border
from lorvp.prompts.placements.corner import Corner
from lorvp.prompts.placements.everywhere import Everywhere
from lorvp.prompts.placements.outside import Outside

pytestmark = pytest.mark.usefixtures("float64")


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
