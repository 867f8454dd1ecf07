"""Mean ranks and their tests against the formulas written out."""

import math

import polars as pl
import pytest

from lorvp.experiment.trial import Point
from lorvp.results.tables import results
from lorvp.results.tables.ranks import averages, critical_difference, friedman
from tests.support.records import record


def grid(accuracies: dict[str, list[float]], network="net") -> pl.DataFrame:
    """Methods with one accuracy for each dataset; None leaves one out."""
    rows = []
    for method, values in accuracies.items():
        for number, value in enumerate(values):
            if value is not None:
                point, facts = record(
                    "full", "ilm", 0, value, dataset=f"d{number}", network=network
                )
                rows.append((Point(point.trial, method, "ilm", ""), facts))
    return results(rows)


def test_averages_and_ranks_with_ties():
    table = averages(grid({"a": [0.9, 0.5], "b": [0.9, 0.6], "c": [0.1, 0.2]}))
    assert table.select("method", "datasets", "average", "mean rank").rows() == [
        ("a", 2, pytest.approx(70), 1.75),  # 1.5 and 2
        ("b", 2, pytest.approx(75), 1.25),
        ("c", 2, pytest.approx(15), 3.0),
    ]


def test_a_method_that_lacks_a_dataset_is_left_out():
    table = averages(grid({"a": [0.9, 0.5], "b": [0.8, None], "c": [0.1, 0.6]}))
    assert table.select("method", "mean rank").rows() == [("a", 1.5), ("c", 1.5)]


def test_one_dataset_has_no_average():
    table = grid({"a": [0.9], "b": [0.8]})
    assert averages(table).height == 0
    assert friedman(table).height == 0


def test_what_is_no_number_is_last():
    table = averages(grid({"a": [math.nan, 0.5], "b": [0.1, 0.1]}))
    assert table["mean rank"].to_list() == [1.5, 1.5]


def test_friedmans_test_by_its_formula():
    """Ranks are the same on each of N datasets: chi2 = 12 N / (k (k + 1)) sum R^2 - 3 N (k + 1)."""
    n, k = 6, 3
    values = {"a": [0.9 + i / 100 for i in range(n)], "b": [0.5] * n, "c": [0.1] * n}
    (row,) = friedman(grid(values)).to_dicts()
    expected = 12 * n / (k * (k + 1)) * (1 + 4 + 9) - 3 * n * (k + 1)
    assert (row["methods"], row["datasets"]) == (k, n)
    assert row["statistic"] == pytest.approx(expected)
    assert row["p"] == pytest.approx(math.exp(-expected / 2))  # chi-square with two degrees
    assert row["says"] == "the methods differ; p is rough with 10 datasets or fewer"


@pytest.mark.parametrize(("methods", "q"), [(2, 1.960), (3, 2.343), (5, 2.728), (10, 3.164)])
def test_critical_differences_have_demsars_q(methods, q):
    """Table 5 of Demšar (2006), alpha 0.05."""
    factor = math.sqrt(methods * (methods + 1) / (6 * 14))
    assert critical_difference(methods, 14) == pytest.approx(q * factor, rel=5e-4)


@pytest.mark.parametrize(
    ("accuracies", "says"),
    [
        ({"a": [0.1] * 4, "b": [0.2] * 4, "c": [0.3] * 4}, "not tested: 4 datasets are too few"),
        ({"a": [0.1] * 6, "b": [0.2] * 6}, "not tested: ranks are tested for 3 methods or more"),
        ({"a": [0.1] * 6, "b": [0.1] * 6, "c": [0.1] * 6}, "not tested: all methods are equal"),
        (
            {"a": [0.1, 0.2] * 6, "b": [0.2, 0.1] * 6, "c": [0.15] * 12},
            "no difference is shown",
        ),
    ],
)
def test_it_says_why_there_is_no_test_or_no_difference(accuracies, says):
    (row,) = friedman(grid(accuracies)).to_dicts()
    assert row["says"].startswith(says)


def test_networks_are_kept_apart():
    both = pl.concat([grid({"a": [0.1, 0.2]}), grid({"a": [0.3, 0.4]}, network="big")])
    assert averages(both).select("network", "average").rows() == [
        ("net", pytest.approx(15)),
        ("big", pytest.approx(35)),
    ]
