"""Statistics of predictions, and the tables made of them, against values worked out by hand."""

import math

import numpy as np
import polars as pl
import pytest

from lorvp.results.tables import chosen, results
from lorvp.results.tables.details import cells, classes
from lorvp.results.tables.intervals import interval
from lorvp.results.tables.trial_statistics import SCHEMA, calibration_error, statistics, unpacked
from tests.support.records import record

PREDICTIONS = pl.DataFrame(
    {
        "label": [0, 0, 1, 1, 1],
        "predicted": [0, 1, 1, 1, 0],
        "confidence": [1.0, 0.55, 0.9, 0.8, 0.58],
        "loss": [0.0, 1.0, 0.5, 0.5, 1.0],
    }
)


def test_one_row_for_a_trial():
    row = statistics("t", PREDICTIONS, classes=3)
    assert (row["trial"], row["images"], row["loss"]) == ("t", 5, pytest.approx(0.6))
    assert row["class_images"].tolist() == [2, 3, 0]
    assert row["class_right"].tolist() == [1, 2, 0]
    assert unpacked(row["right"], 5).tolist() == [True, False, True, True, False]
    # Bins of 1/15: 0.55 and 0.58 share the ninth (0 right of 1.13); 0.8 ends the twelfth.
    assert row["ece"] == pytest.approx((0 + 1.13 + 0.1 + 0.2) / 5)


@pytest.mark.parametrize(
    ("confidence", "right", "error"),
    [
        ([0.5, 0.5], [1, 0], 0.0),
        ([0.0, 1.0], [0, 1], 0.0),
        ([1.0] * 4, [1, 1, 0, 0], 0.5),
        ([0.2, 0.9], [1, 0], 0.85),  # of different bins, so that errors do not cancel
        ([math.nan, 0.9], [1, 0], math.nan),
    ],
)
def test_calibration_error(confidence, right, error):
    found = calibration_error(np.array(confidence, np.float32), np.array(right, bool))
    assert found == pytest.approx(error, nan_ok=True)


@pytest.mark.parametrize("images", [1, 7, 8, 9, 1000])
def test_bits_come_back(images):
    right = np.random.default_rng(images).random(images) < 0.5
    assert (unpacked(np.packbits(right).tobytes(), images) == right).all()


def two_seeds() -> tuple[pl.DataFrame, pl.DataFrame]:
    rows = [record("full", "ilm", seed, a) for seed, a in enumerate([0.6, 0.4])]
    for _, facts in rows:
        facts["summary"]["epochs"] = 3
    table = chosen(results(rows, {"digits": 100}))
    other = PREDICTIONS.with_columns(predicted=pl.Series([1, 1, 1, 1, 0]))
    found = [
        statistics(trial, predictions, 3)
        for trial, predictions in zip(table["trial"], (PREDICTIONS, other), strict=True)
    ]
    return table, pl.DataFrame(found, schema=SCHEMA)


def test_details():
    table, found = two_seeds()
    (row,) = cells(table, found).to_dicts()
    assert (row["method"], row["mapping"], row["setting"]) == ("full", "ilm", "")
    assert (row["test"], row["std"]) == pytest.approx((50, 100 * math.sqrt(0.02)))
    right = np.stack([unpacked(*one) for one in found.select("right", "images").iter_rows()])
    assert right.mean() == 0.5
    assert (row["low"], row["high"]) == pytest.approx([100 * end for end in interval(right)])
    assert row["ece"] == pytest.approx(100 * (0.286 + 0.486) / 2)  # 1.0 is wrong in the other
    assert row["images_per_second"] == pytest.approx(100 * 3 / 2)
    assert row["best test epoch"] is None


def test_accuracy_by_class_leaves_out_a_class_without_images():
    table = classes(*two_seeds(), {"digits": ["zero", "one", "two"]})
    assert table.select("class", "images", "accuracy").rows() == [
        ("zero", 2, pytest.approx(25)),
        ("one", 3, pytest.approx(100 * 2 / 3)),
    ]
    assert table["std"].to_list() == pytest.approx([100 * math.sqrt(0.125), 0])
