"""Validation chooses among swept settings, also where test images would choose another one."""

import math

import pytest

from lorvp.experiment.trial import Point
from lorvp.results.tables import chosen, comparison, results, sweeps
from tests.support.records import record


def swept(method, mapping, seed, val, test, training="", name=None, dataset="digits"):
    """A `record` with both accuracies given."""
    point, facts = record(method, mapping, seed, test, training=training, dataset=dataset)
    facts["summary"]["val_accuracy"] = val
    facts["fingerprint"] += f" {name} {training} {dataset}"
    return Point(point.trial, name or method, mapping, training), facts


RATES = [
    swept("full", "ilm", 0, 0.70, 0.90, "lr=1"),
    swept("full", "ilm", 1, 0.70, 0.90, "lr=1"),
    swept("full", "ilm", 0, 0.90, 0.60, "lr=2"),
    swept("full", "ilm", 1, 0.60, 0.62, "lr=2"),  # mean of validation 0.75: chosen
    swept("full", "lp", 0, 0.80, 0.50, "lr=1"),  # another mapping chooses for itself
    swept("full", "lp", 0, 0.10, 0.99, "lr=2"),
]


def test_the_setting_with_the_best_mean_validation_accuracy_is_chosen():
    table = chosen(results(RATES))
    assert table.select("mapping", "seed", "test_accuracy", "setting", "training").rows() == [
        ("ilm", 0, 0.60, "lr=2", ""),
        ("ilm", 1, 0.62, "lr=2", ""),
        ("lp", 0, 0.50, "lr=1", ""),
    ]
    assert comparison(table).select("ilm", "lp (+970)").rows() == [("61.0 ± 1.4", "50.0")]


def test_of_equals_the_first_in_the_grid_is_chosen():
    rows = [swept("full", "ilm", 0, 0.5, t, f"lr={i}") for i, t in enumerate([0.1, 0.9])]
    assert chosen(results(rows))["setting"].to_list() == ["lr=0"]


def test_what_is_no_number_is_not_chosen():
    rows = [swept("full", "ilm", 0, v, 0.5, f"lr={i}") for i, v in enumerate([math.nan, 0.1])]
    assert chosen(results(rows))["setting"].to_list() == ["lr=1"]
    assert chosen(results(rows[:1]))["setting"].to_list() == ["lr=0"]


def test_without_a_sweep_everything_is_chosen():
    rows = [swept("full", "ilm", seed, 0.5, 0.5) for seed in range(3)]
    table = results(rows)
    assert chosen(table)["trial"].to_list() == table["trial"].to_list()
    assert sweeps(table).height == 0


def test_a_row_for_each_setting_and_marks_for_what_validation_chose():
    rows = [
        swept("lor_vp r=4", "ilm", 0, 0.5, 0.9, "lr=1", name="lor_vp r=1"),
        swept("lor_vp r=4", "ilm", 0, 0.6, 0.8, "lr=2", name="lor_vp r=1"),
        swept("lor_vp r=4", "ilm", 0, 0.7, 0.7, "lr=1"),
        swept("lor_vp r=4", "ilm", 0, 0.6, 0.6, "lr=2"),
        swept("full", "ilm", 0, 0.9, 0.9),  # tried in one setting only
    ]
    assert sweeps(results(rows)).rows() == [
        ("lor_vp", "ilm", "r=1 lr=1", "50.0", "90.0", 1, "", ""),
        ("lor_vp", "ilm", "r=1 lr=2", "60.0", "80.0", 1, "yes", ""),
        ("lor_vp", "ilm", "r=4 lr=1", "70.0", "70.0", 1, "yes", "yes"),
        ("lor_vp", "ilm", "r=4 lr=2", "60.0", "60.0", 1, "", ""),
    ]
    assert sweeps(results(rows)).columns[0] == "method"


def test_settings_that_were_tried_with_one_mapping_stand_together():
    rows = [
        swept("lor_vp r=4", mapping, 0, 0.5, 0.5, name=name)
        for name in ("lor_vp r=1", "lor_vp r=4")
        for mapping in ("lp", "ilm")
    ]
    assert sweeps(results(rows)).select("mapping", "setting").rows() == [
        ("lp", "r=1"), ("lp", "r=4"), ("ilm", "r=1"), ("ilm", "r=4"),
    ]  # fmt: skip


def test_datasets_choose_for_themselves():
    rows = [
        swept("full", "ilm", 0, val, 0.5, f"lr={i}", dataset=dataset)
        for dataset, vals in (("digits", (0.1, 0.2)), ("svhn", (0.2, 0.1)))
        for i, val in enumerate(vals)
    ]
    table = chosen(results(rows))
    assert table.select("dataset", "setting").rows() == [("digits", "lr=1"), ("svhn", "lr=0")]
    assert sweeps(results(rows)).columns[0] == "dataset"


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 1, 0, 2]])
def test_seeds_may_come_in_any_order(order):
    assert set(chosen(results([RATES[i] for i in order]))["setting"]) == {"lr=2"}
