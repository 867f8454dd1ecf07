"""The comparison of a few trials against values worked out by hand."""

import polars as pl
import pytest

from lorvp.results.tables import comparison, markdown, metrics, results, shifts
from tests.support.records import TWO_BY_TWO, record


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


def test_the_table_has_a_column_for_each_set():
    table = results(TWO_BY_TWO[:4])
    trials = table["trial"].to_list()
    shifted = pl.DataFrame(
        {
            "trial": trials,
            "shift": ["drawings"] * 4,
            "images": [5] * 4,
            "accuracy": [0.1, 0.3, 0.5, 0.5],
        }
    )
    found = shifts(table, shifted)
    assert found.columns == ["method", "mapping", "digits", "drawings"]
    assert found.rows() == [
        ("lor_vp r=4", "ilm", "65.0 ± 7.1", "20.0 ± 14.1"),
        ("lor_vp r=4", "lp", "90.0 ± 0.0", "50.0 ± 0.0"),
    ]
