"""Comparison tables of a few trials against values worked out by hand."""

import math

import polars as pl
import pytest

from lorvp.experiment.trial import Point, Trial
from lorvp.mappings.frequency import IlmConfig
from lorvp.mappings.linear import FmConfig, LpConfig
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.results.tables import aggregate, comparison, markdown, metrics, results

METHODS = {"lor_vp r=4": (LorVpConfig(), 384), "full": (FullConfig(), 3072)}
MAPPINGS = {"ilm": (IlmConfig(), 0), "fm": (FmConfig(), 270), "lp": (LpConfig(), 970)}


def record(method, mapping, seed, accuracy, *, dataset="digits", network="net", training="",
           mapping_values=None, seconds=2.0, prompt_linf=0.5):  # fmt: skip
    """A point and what its trial.json would hold."""
    (method_settings, content), (mapping_settings, trained) = METHODS[method], MAPPINGS[mapping]
    head = trained if mapping_values is None else mapping_values
    trial = Trial(
        dataset=dataset,
        network=network,
        seed=seed,
        method=method_settings,
        mapping=mapping_settings,
    )
    summary = {
        "val_accuracy": accuracy - 0.1,
        "test_accuracy": accuracy,
        "best_epoch": 1,
        "content_values": content,
        "placement_values": 0,
        "mapping_values": head,
        "trained_values": content + head,
        "seconds": seconds,
        "wall_seconds": 3 * seconds,
        "prompt_linf": prompt_linf,
    }
    facts = {"fingerprint": f"{method} {mapping} {seed}", "summary": summary}
    return Point(trial, method, mapping, training), facts


TWO_BY_TWO = [
    record("lor_vp r=4", "ilm", 0, 0.60, seconds=1.0),
    record("lor_vp r=4", "ilm", 1, 0.70, seconds=2.0),
    record("lor_vp r=4", "lp", 0, 0.90, seconds=3.0),
    record("lor_vp r=4", "lp", 1, 0.90, seconds=3.0),
    record("full", "ilm", 0, 0.5),
    record("full", "lp", 0, 0.25),
    record("full", "lp", 1, 0.50),
    record("full", "lp", 2, 0.75),
]


def test_results_are_one_row_per_trial_in_the_given_order():
    table = results(TWO_BY_TWO)
    assert table["trial"].to_list() == [facts["fingerprint"] for _, facts in TWO_BY_TWO]
    first = table.row(0, named=True)
    assert first["dataset"] == "digits"
    assert (first["method"], first["mapping"], first["seed"]) == ("lor_vp r=4", "ilm", 0)
    assert first["test_accuracy"] == 0.60
    assert Trial.model_validate_json(first["settings"]) == TWO_BY_TWO[0][0].trial


def test_mean_and_deviation_of_a_sample():
    rows = {(r["method"], r["mapping"]): r for r in aggregate(results(TWO_BY_TWO)).to_dicts()}
    row = rows["lor_vp r=4", "ilm"]
    assert row["mean"] == pytest.approx((0.6 + 0.7) / 2)
    assert row["std"] == pytest.approx(math.sqrt((0.05**2 + 0.05**2) / (2 - 1)))
    assert row["val_mean"] == pytest.approx((0.5 + 0.6) / 2)
    assert row["seconds"] == pytest.approx(1.5)
    assert row["wall_seconds"] == pytest.approx(4.5)
    assert (row["seeds"], row["prompt_values"], row["mapping_values"]) == (2, 384, 0)
    three = rows["full", "lp"]
    assert three["std"] == pytest.approx(math.sqrt((0.25**2 + 0 + 0.25**2) / 2))
    assert rows["full", "ilm"]["std"] is None
    assert rows["lor_vp r=4", "lp"]["std"] == 0


def test_comparison():
    assert comparison(results(TWO_BY_TWO)).to_dicts() == [
        {
            "method": "lor_vp r=4",
            "ilm": "65.0 ± 7.1",  # 100 * sqrt(0.005)
            "lp (+970)": "90.0 ± 0.0",
            "prompt values": 384,
            "seconds": 2.2,  # the mean of 1.5 and 3, rounded
        },
        {
            "method": "full",
            "ilm": "50.0",
            "lp (+970)": "50.0 ± 25.0",
            "prompt values": 3072,
            "seconds": 2.0,
        },
    ]


def test_a_mapping_that_was_not_tried_leaves_its_cell_empty():
    table = comparison(results([*TWO_BY_TWO[:2], record("full", "fm", 0, 0.4)]))
    assert table["fm (+270)"].to_list() == [None, "40.0"]
    assert table["ilm"].to_list() == ["65.0 ± 7.1", None]
    assert "null" not in markdown(table)
    assert markdown(table).count(" – ") == 2


def test_columns_that_tell_rows_apart_are_kept():
    rows = [
        record("full", "ilm", 0, 0.1, dataset="digits", network="net"),
        record("full", "ilm", 0, 0.2, dataset="svhn", network="net"),
        record("full", "ilm", 0, 0.3, dataset="svhn", network="big"),
        record("full", "ilm", 0, 0.4, dataset="svhn", network="big", training="lr=0.1"),
    ]
    table = comparison(results(rows))
    assert table.columns[:4] == ["dataset", "network", "method", "training"]
    assert table["ilm"].to_list() == ["10.0", "20.0", "30.0", "40.0"]
    only_datasets = comparison(results(rows[:2]))
    assert only_datasets.columns == ["dataset", "method", "ilm", "prompt values", "seconds"]


def test_a_head_of_different_sizes_has_no_number_in_its_columns_name():
    rows = [
        record("full", "lp", 0, 0.1, dataset="digits", mapping_values=970),
        record("full", "lp", 0, 0.2, dataset="svhn", mapping_values=100),
    ]
    table = comparison(results(rows))
    assert "lp" in table.columns
    assert table["prompt values"].to_list() == [3072, 3072]


def test_rows_keep_the_order_of_the_grid():
    rows = [
        record(method, "ilm", seed, 0.5) for seed in (0, 1) for method in ("full", "lor_vp r=4")
    ]
    assert comparison(results(rows))["method"].to_list() == ["full", "lor_vp r=4"]


@pytest.mark.parametrize(
    ("accuracy", "shown"), [(0.0, "0.0"), (1.0, "100.0"), (0.99996, "100.0"), (0.12345, "12.3")]
)
def test_percent_with_one_decimal(accuracy, shown):
    table = comparison(results([record("full", "ilm", 0, accuracy)]))
    assert table["ilm"].to_list() == [shown]


def test_markdown_is_a_table_with_numbers_to_the_right():
    lines = markdown(comparison(results(TWO_BY_TWO))).splitlines()
    assert len(lines) == 2 + 2
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0] == ["method", "ilm", "lp (+970)", "prompt values", "seconds"]
    assert cells[3] == ["full", "50.0", "50.0 ± 25.0", "3,072", "2.0"]
    assert set("".join(cells[1])) <= set("-:")
    assert len({len(line) for line in lines}) == 1
    assert markdown(comparison(results(TWO_BY_TWO))).endswith("|\n")


def test_markdown_leaves_out_no_row_column_or_letter():
    many = [record("full", "ilm", 0, 0.5, dataset=f"dataset-{i:03}-{'x' * 60}") for i in range(60)]
    text = markdown(comparison(results(many)))
    assert text.count("\n") == 62
    assert "…" not in text
    assert "x" * 60 in text


def test_metrics_are_percent_by_method_and_mapping():
    assert metrics(results(TWO_BY_TWO)) == {
        "lor_vp r=4": {"ilm": 65.0, "lp": 90.0},
        "full": {"ilm": 50.0, "lp": 50.0},
    }


def test_metrics_name_what_there_are_several_of():
    rows = [
        record("full", "ilm", 0, 0.1),
        record("full", "ilm", 0, 0.2, dataset="svhn"),
        record("full", "ilm", 0, 0.3, dataset="svhn", training="lr=0.1"),
    ]
    assert metrics(results(rows)) == {
        "digits · full": {"ilm": 10.0},
        "svhn · full": {"ilm": 20.0},
        "svhn · full · lr=0.1": {"ilm": 30.0},
    }


def test_a_summary_value_that_only_some_trials_have_is_a_column():
    """The best test epoch is null where it was not asked for."""
    rows = [record("full", "ilm", seed, 0.5) for seed in range(150)]
    for seed, (_, facts) in enumerate(rows):
        facts["summary"]["test_accuracy_of_best_test_epoch"] = 0.6 if seed == 149 else None
    table = results(rows)
    assert table["test_accuracy_of_best_test_epoch"].dtype == pl.Float64
    assert table["test_accuracy_of_best_test_epoch"].to_list() == [None] * 149 + [0.6]
