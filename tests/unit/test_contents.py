"""What is added, against the formulas written out as loops in float64."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lorvp.errors import InputError
from lorvp.prompts.contents.free import Free
from lorvp.prompts.contents.low_rank import LowRank
from lorvp.prompts.contents.zero import Zero

pytestmark = pytest.mark.usefixtures("float64")


@torch.no_grad()
def test_low_rank_is_a_sum_over_ranks_for_each_channel():
    torch.manual_seed(0)
    content = LowRank((5, 7), rank=2)
    torch.nn.init.normal_(content.left)
    torch.nn.init.normal_(content.right)
    got = content()
    assert got.shape == (3, 5, 7)
    for c in range(3):
        for y in range(5):
            for x in range(7):
                left, right = content.left[c, y], content.right[c, :, x]
                expected = sum(float(left[k]) * float(right[k]) for k in range(2))
                assert float(got[c, y, x]) == pytest.approx(expected, rel=1e-12)


@given(st.integers(1, 6), st.integers(6, 9), st.integers(6, 9))
def test_low_rank_has_at_most_its_rank(rank, height, width):
    content = LowRank((height, width), rank)
    torch.nn.init.normal_(content.left)
    for channel_HW in content():
        assert int(torch.linalg.matrix_rank(channel_HW)) <= rank


@torch.no_grad()
def test_low_rank_starts_at_exactly_zero_with_a_normal_right_factor():
    torch.manual_seed(0)
    content = LowRank((224, 224), rank=4, std=0.01)
    assert not content().any()
    assert not content.left.any()
    # 2,688 draws: their standard deviation is known to 1.4 %.
    assert float(content.right.std()) == pytest.approx(0.01, rel=0.07)
    assert abs(float(content.right.mean())) < 5 * 0.01 / 2688**0.5


def test_only_the_left_factor_moves_first():
    content = LowRank((6, 6), rank=2)
    (content() * torch.rand(3, 6, 6)).sum().backward()
    assert content.left.grad.abs().min() > 0
    assert not content.right.grad.any()


@pytest.mark.parametrize(("size", "rank"), [((4, 9), 5), ((9, 4), 5)])
def test_a_rank_above_the_smaller_side_is_refused(size, rank):
    with pytest.raises(InputError, match=rf"rank {rank} .* 4 .*{size[0]}x{size[1]}"):
        LowRank(size, rank)
    LowRank(size, 4)


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
