"""Limits, ticks and positions of labels against values worked out by hand."""

import numpy as np
import polars as pl
import pytest

from lorvp.results.pictures.axes import accuracy_limits, decades, spread


@pytest.mark.parametrize(
    ("wanted", "gap", "expected"),
    [
        ([5, 1], 2, [5, 1]),  # far enough apart: left alone
        ([5, 5, 5], 2, [3, 5, 7]),  # pushed apart evenly
        ([10, 10], 2, [8, 10]),  # kept inside
        ([9, 0, 5], 8, [10, 0, 5]),  # too many: the gap shrinks
        ([4], 2, [4]),
    ],
)
def test_spread(wanted, gap, expected):
    assert spread(np.array(wanted, float), gap, 0, 10) == pytest.approx(expected)


def test_accuracy_limits_are_whole_fives_within_0_and_100():
    assert accuracy_limits(pl.Series([41.0, None]), pl.Series([77.0])) == (40, 80)
    assert accuracy_limits(pl.Series([-1.0, 101.0])) == (0, 100)
    assert accuracy_limits(pl.Series([50.0])) == (50, 55)
    assert accuracy_limits(pl.Series([100.0])) == (95, 100)


def test_decades():
    assert decades(pl.Series([0, 1344, 150_528])) == [0, 1000, 10_000, 100_000]
    assert decades(pl.Series([1000, 5000])) == [1000]
    assert decades(pl.Series([0, 0])) == [0, 1]
