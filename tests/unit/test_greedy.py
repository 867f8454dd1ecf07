"""The one-to-one choice of source classes against repeated argmax over the whole matrix."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lorvp.mappings.selection import greedy_one_to_one


def first_largest(matrix: list[list[int]]) -> tuple[int, int]:
    """Row and column of the first maximum, row by row."""
    best = (0, 0)
    for s, row in enumerate(matrix):
        for k, value in enumerate(row):
            if value > matrix[best[0]][best[1]]:
                best = (s, k)
    return best


def literal(counts_SK: list[list[int]]) -> list[int]:
    """Take the first maximum, strike out its row and its column, again for every target class."""
    matrix = [list(row) for row in counts_SK]
    source_of = {}
    for _ in range(len(matrix[0])):
        s, k = first_largest(matrix)
        source_of[k] = s
        matrix[s] = [-1] * len(matrix[s])
        for row in matrix:
            row[k] = -1
    return [source_of[k] for k in range(len(matrix[0]))]


@st.composite
def counts(draw, highest: int):
    targets = draw(st.integers(1, 6))
    sources = draw(st.integers(targets, 9))
    cell = st.integers(0, highest)
    rows = st.lists(cell, min_size=targets, max_size=targets)
    return draw(st.lists(rows, min_size=sources, max_size=sources))


def check(matrix: list[list[int]]) -> None:
    got = greedy_one_to_one(torch.tensor(matrix)).tolist()
    assert got == literal(matrix)
    assert len(set(got)) == len(got) == len(matrix[0])
    assert all(0 <= s < len(matrix) for s in got)


@given(counts(highest=1000))
def test_equals_repeated_argmax(matrix):
    check(matrix)


@given(counts(highest=2))
def test_equals_repeated_argmax_where_most_counts_are_equal(matrix):
    check(matrix)


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


def test_as_many_targets_as_sources_gives_a_permutation():
    rng = np.random.default_rng(1)
    for _ in range(20):
        check(rng.integers(0, 5, (6, 6)).tolist())


def test_no_counts_at_all_gives_the_sources_in_order():
    assert greedy_one_to_one(torch.zeros(5, 3, dtype=torch.int64)).tolist() == [0, 1, 2]


def test_by_hand():
    # The 9 goes first and takes source 1 from target 1, whose next best is source 2.
    counts_SK = torch.tensor([[1, 0], [9, 8], [5, 7], [0, 0]])
    assert greedy_one_to_one(counts_SK).tolist() == [1, 2]


def test_counts_are_left_as_they_were():
    counts_SK = torch.tensor([[3, 1], [2, 2]])
    greedy_one_to_one(counts_SK)
    assert counts_SK.tolist() == [[3, 1], [2, 2]]


def test_as_large_as_imagenet_to_a_hundred_classes():
    generator = torch.Generator().manual_seed(0)
    counts_SK = torch.randint(0, 30, (1000, 100), generator=generator)
    matrix = counts_SK.numpy().astype(np.int64)
    expected = np.zeros(100, np.int64)
    for _ in range(100):
        s, k = np.unravel_index(matrix.argmax(), matrix.shape)
        expected[k] = s
        matrix[s], matrix[:, k] = -1, -1
    assert greedy_one_to_one(counts_SK).tolist() == expected.tolist()
