"""Intervals of accuracies against values computed otherwise, and what holds of all of them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from lorvp.results.tables.intervals import interval


def answers(*right_of_each_seed: int, images: int) -> np.ndarray:
    """Seeds that answer their first images right."""
    return np.array([[n < right for n in range(images)] for right in right_of_each_seed])


def solved(p: float, n: float, t: float) -> list[float]:
    """Wilson's ends are where |p - q| = t sqrt(q (1 - q) / n): the roots of a quadratic in q."""
    return sorted(np.roots([1 + t**2 / n, -(2 * p + t**2 / n), p**2]).real)


def test_one_seed_is_wilsons_interval_with_students_quantile():
    """80 of 100: v is the variance of a sample of 0 and 1 over N, so n is N - 1."""
    found = interval(answers(80, images=100))
    assert found == pytest.approx(solved(0.8, 99, stats.t.ppf(0.975, 99)))


def test_seeds_and_images_both_count():
    """Accuracies 0.5, 0.7, 0.9 of 10 images, and the formulas of the page step by step."""
    right_SN = answers(5, 7, 9, images=10)
    of_image = [3] * 5 + [2] * 2 + [1] * 2 + [0]
    a = ((0.2**2 + 0.2**2) / 2) / 3
    b = sum((one / 3 - 0.7) ** 2 for one in of_image) / 9 / 10
    freedom = (a + b) ** 2 / (a**2 / 2 + b**2 / 9)
    expected = solved(0.7, 0.7 * 0.3 / (a + b), stats.t.ppf(0.975, freedom))
    assert interval(right_SN) == pytest.approx(expected)


def test_seeds_that_agree_still_leave_the_chance_of_the_images():
    """It was 47.8 to 47.8 by Student's t of three equal seeds."""
    low, high = interval(answers(478, 478, 478, images=1000))
    t = stats.t.ppf(0.975, 999)
    assert [low, high] == pytest.approx(solved(0.478, 999, t))
    assert high - low > 0.06


def test_no_interval_leaves_what_is_possible():
    """It was 69.5 to 102.2 by Student's t of 0.80, 0.83 and 0.945."""
    low, high = interval(answers(288, 299, 340, images=360))
    assert 0.6 < low < 0.859 < high < 1


@pytest.mark.parametrize("seeds", [1, 3])
def test_all_right_is_wilsons_interval_of_the_images(seeds):
    t = stats.t.ppf(0.975, 359)
    assert interval(answers(*[360] * seeds, images=360)) == pytest.approx(
        (1 / (1 + t**2 / 360), 1.0)
    )
    assert interval(answers(*[0] * seeds, images=360)) == pytest.approx(
        (0.0, t**2 / 360 / (1 + t**2 / 360))
    )


SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 60))


@given(hnp.arrays(bool, SHAPES))
def test_low_mean_and_high_are_in_order_and_possible(right_SN):
    low, high = interval(right_SN)
    assert 0 <= low <= right_SN.mean() <= high <= 1
    assert low < high


@given(hnp.arrays(bool, SHAPES))
def test_what_is_wrong_has_the_mirrored_interval(right_SN):
    low, high = interval(right_SN)
    assert interval(~right_SN) == pytest.approx((1 - high, 1 - low))


def test_without_images_there_is_none():
    assert all(map(math.isnan, interval(np.zeros((3, 0), bool))))


def test_it_covers_the_true_accuracy_as_often_as_it_says():
    """Seeds with an accuracy of their own each, on images of different difficulty."""
    rng, hits, times = np.random.default_rng(0), 0, 400
    for _ in range(times):
        seed_S1, image_N = rng.normal(2.2, 0.5, (3, 1)), rng.normal(0, 1.2, 200)
        right_SN = rng.random((3, 200)) < 1 / (1 + np.exp(-(seed_S1 + image_N)))
        low, high = interval(right_SN)
        hits += low <= TRUE <= high
    assert 0.93 < hits / times <= 1


GRID_G = np.linspace(-8, 8, 4001)
TRUE = float(np.average(1 / (1 + np.exp(-(2.2 + 1.3 * GRID_G))), weights=np.exp(-(GRID_G**2) / 2)))
"""The mean of the logistic function over a normal variable of deviation sqrt(0.5^2 + 1.2^2)."""
