"""A row for each trial, and means over seeds, against values worked out by hand."""

import math

import polars as pl
import pytest

from lorvp.experiment.trial import Trial
from lorvp.results.tables import aggregate, results
from tests.support.records import TWO_BY_TWO, record


def test_results_are_one_row_per_trial_in_the_given_order():
    table = results(TWO_BY_TWO)
    assert table["trial"].to_list() == [facts["fingerprint"] for _, facts in TWO_BY_TWO]
    first = table.row(0, named=True)
    assert first["dataset"] == "digits"
    assert (first["method"], first["mapping"], first["seed"]) == ("lor_vp r=4", "ilm", 0)
    assert first["test_accuracy"] == 0.60
    assert Trial.model_validate_json(first["settings"]) == TWO_BY_TWO[0][0].trial


def test_a_summary_value_that_only_some_trials_have_is_a_column():
    """Such as the best test epoch, which is null where it was not asked for."""
    rows = [record("full", "ilm", seed, 0.5) for seed in range(150)]
    for seed, (_, facts) in enumerate(rows):
        facts["summary"]["test_accuracy_of_best_test_epoch"] = 0.6 if seed == 149 else None
    table = results(rows)
    assert table["test_accuracy_of_best_test_epoch"].dtype == pl.Float64
    assert table["test_accuracy_of_best_test_epoch"].to_list() == [None] * 149 + [0.6]


def test_mean_and_deviation_of_a_sample():
    rows = {(r["method"], r["mapping"]): r for r in aggregate(results(TWO_BY_TWO)).to_dicts()}
    row = rows["lor_vp r=4", "ilm"]
    assert row["mean"] == pytest.approx((0.6 + 0.7) / 2)
    assert row["std"] == pytest.approx(math.sqrt((0.05**2 + 0.05**2) / (2 - 1)))
    assert row["val_mean"] == pytest.approx((0.5 + 0.6) / 2)
    assert row["val_std"] == pytest.approx(math.sqrt(0.005))
    assert row["seeds"] == 2
    three = rows["full", "lp"]
    assert three["std"] == pytest.approx(math.sqrt((0.25**2 + 0 + 0.25**2) / 2))
    assert rows["full", "ilm"]["std"] is None
    assert rows["lor_vp r=4", "lp"]["std"] == 0
