"""The best of n settings, against all ways of drawing them."""

from itertools import product
from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorvp.results.tables.expected_best import expected_best


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_it_is_the_mean_over_all_draws_with_replacement(accuracies):
    found = expected_best(accuracies)
    assert found["n"].to_list() == list(range(1, len(accuracies) + 1))
    for n, mean, std in found.rows():
        best = [max(drawn) for drawn in product(accuracies, repeat=n)]
        assert mean == pytest.approx(fmean(best), abs=1e-9)
        assert std == pytest.approx(pstdev(best), abs=1e-6)


def test_the_first_is_the_mean_of_all():
    assert expected_best([0.2, 0.9, 0.4])["mean"][0] == pytest.approx(0.5)
