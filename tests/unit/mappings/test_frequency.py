"""The choice of source classes against repeated argmax over the whole matrix."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lorvp.mappings.frequency import greedy
from tests.support.greedy_choice import literal


@st.composite
def counts(draw, highest: int, per_target: int = 1):
    targets = draw(st.integers(1, 6 // per_target))
    sources = draw(st.integers(per_target * targets, 9))
    cell = st.integers(0, highest)
    rows = st.lists(cell, min_size=targets, max_size=targets)
    return draw(st.lists(rows, min_size=sources, max_size=sources))


def check(matrix: list[list[int]], per_target: int = 1) -> None:
    got = greedy(torch.tensor(matrix), per_target).tolist()
    assert got == literal(matrix, per_target)
    used = [s for own in got for s in own]
    assert len(set(used)) == len(used) == per_target * len(matrix[0])
    assert all(0 <= s < len(matrix) for s in used)


@given(counts(highest=1000))
def test_equals_repeated_argmax(matrix):
    check(matrix)


@given(counts(highest=2))
def test_equals_repeated_argmax_where_most_counts_are_equal(matrix):
    check(matrix)


@pytest.mark.parametrize("per_target", [2, 3])
@given(data=st.data())
def test_several_sources_equal_repeated_argmax(per_target, data):
    highest = data.draw(st.sampled_from([1, 3, 1000]))
    check(data.draw(counts(highest, per_target)), per_target)


@given(counts(highest=3), st.data())
def test_equals_repeated_argmax_where_a_class_is_missing(matrix, data):
    missing = data.draw(st.integers(0, len(matrix[0]) - 1))
    check([[0 if k == missing else v for k, v in enumerate(row)] for row in matrix])


@pytest.mark.parametrize("targets", [1, 2])
@pytest.mark.parametrize("sources", [2, 7])
def test_few_targets(targets, sources):
    rng = np.random.default_rng(0)
    for _ in range(20):
        check(rng.integers(0, 4, (sources, targets)).tolist())


@pytest.mark.parametrize("per_target", [1, 2, 3])
def test_as_many_places_as_sources_uses_every_source_once(per_target):
    rng = np.random.default_rng(1)
    for _ in range(20):
        check(rng.integers(0, 5, (6, 6 // per_target)).tolist(), per_target)


def test_no_counts_at_all_gives_the_sources_in_order():
    none_SK = torch.zeros(6, 3, dtype=torch.int64)
    assert greedy(none_SK).tolist() == [[0], [1], [2]]
    assert greedy(none_SK, 2).tolist() == [[0, 1], [2, 3], [4, 5]]


def test_by_hand():
    # The 9 goes first and takes source 1 from target 1, whose next best is source 2.
    counts_SK = torch.tensor([[1, 0], [9, 8], [5, 7], [0, 0]])
    assert greedy(counts_SK).tolist() == [[1], [2]]


def test_ties_by_hand():
    """All are 4: source 0 goes first, to target 0; then source 1 to the target that is left."""
    assert greedy(torch.full((3, 2), 4)).tolist() == [[0], [1]]
    # Target 1 has the only count of source 0; of the rest, source 1 is the smallest.
    assert greedy(torch.tensor([[0, 4], [4, 4], [4, 4]])).tolist() == [[1], [0]]


def test_two_sources_each_by_hand():
    # 9, 8 and 7 go to target 0 twice and then, as it is full, 3 to target 1, and a left-over.
    counts_SK = torch.tensor([[0, 0], [9, 0], [8, 2], [7, 3]])
    assert greedy(counts_SK, 2).tolist() == [[1, 2], [3, 0]]


def test_counts_are_left_as_they_were():
    counts_SK = torch.tensor([[3, 1], [2, 2]])
    greedy(counts_SK)
    assert counts_SK.tolist() == [[3, 1], [2, 2]]


@pytest.mark.parametrize("per_target", [1, 10])
def test_as_large_as_imagenet_to_a_hundred_classes(per_target):
    generator = torch.Generator().manual_seed(0)
    counts_SK = torch.randint(0, 30, (1000, 100), generator=generator)
    matrix = counts_SK.numpy().astype(np.int64)
    expected: list[list[int]] = [[] for _ in range(100)]
    for _ in range(100 * per_target):
        s, k = np.unravel_index(matrix.argmax(), matrix.shape)
        expected[k].append(int(s))
        matrix[s] = -1
        if len(expected[k]) == per_target:
            matrix[:, k] = -1
    assert greedy(counts_SK, per_target).tolist() == expected
