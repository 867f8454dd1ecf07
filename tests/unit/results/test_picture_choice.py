"""Which trials and images are drawn, and counts of answers, against values worked out by hand."""

import math

import polars as pl
import pytest

from lorvp.results.pictures.choice import (
    best,
    best_of_each_method,
    confusion_counts,
    prompted_and_bare,
    telling_images,
)


def tidy(*rows) -> pl.DataFrame:
    """Rows of trial, method, mapping, seed, validation accuracy and values of the content."""
    names = ["trial", "method", "mapping", "seed", "val_accuracy", "content_values"]
    table = pl.DataFrame(rows, schema=names, orient="row").with_columns(
        mapping_values=7, placement_values=0
    )
    return table.with_columns(trained_values=pl.col("content_values") + 7)


GRID = tidy(
    ("a", "none", "ilm", 0, 0.90, 0),
    ("b", "none", "lp", 0, 0.95, 0),
    ("c", "pad", "ilm", 0, 0.50, 3),
    ("d", "pad", "lp", 0, 0.70, 3),
    ("e", "pad", "lp", 1, 0.80, 3),
    ("f", "full", "ilm", 0, 0.60, 9),
    ("g", "full", "lp", 0, 0.60, 9),
)


def test_the_best_has_the_highest_validation_accuracy():
    assert best(GRID) == "b"
    assert best(GRID.filter(method="full")) == "f"  # the first of equals


def test_what_is_no_number_is_not_the_best():
    rows = tidy(("a", "m", "ilm", 0, math.nan, 1), ("b", "m", "ilm", 1, 0.1, 1))
    assert best(rows) == "b"
    assert best(rows[:1]) == "a"


def test_each_method_that_adds_something_has_its_best():
    assert best_of_each_method(GRID) == ["e", "f"]
    assert best_of_each_method(GRID.filter(method="none")) == []


def test_a_generated_prompt_is_drawn_though_its_values_are_all_of_the_placement():
    generated = tidy(("h", "blackvip", "lp", 0, 0.3, 0)).with_columns(
        placement_values=8957, trained_values=8964
    )
    assert best_of_each_method(pl.concat([GRID, generated], how="vertical_relaxed")) == [
        "e",
        "f",
        "h",
    ]


def test_the_best_prompt_is_beside_the_same_mapping_and_seed_without_one():
    """Trial e is better than d, but there is no trial without a prompt for its seed."""
    assert prompted_and_bare(GRID) == ("d", "b")
    assert prompted_and_bare(GRID.filter(mapping="ilm")) == ("f", "a")


def test_no_pair_without_a_trial_that_has_no_prompt_or_one_that_has():
    assert prompted_and_bare(GRID.filter(pl.col("method") != "none")) is None
    assert prompted_and_bare(GRID.filter(method="none")) is None


def test_a_method_that_trains_a_placement_alone_is_not_bare():
    placed = GRID.with_columns(trained_values=pl.col("trained_values") + 1)
    assert prompted_and_bare(placed) is None


def test_confusion_counts_are_in_the_order_of_classes():
    answers = pl.DataFrame({"label": [2, 0, 0, 1, 0], "predicted": [1, 2, 0, 1, 2]})
    assert confusion_counts(answers, ["zero", "one", "two"]).rows() == [
        ("zero", "zero", 1),
        ("zero", "two", 2),
        ("one", "one", 1),
        ("two", "one", 1),
    ]


@pytest.mark.parametrize(("each", "rows"), [(2, [0, 4, 2, 3]), (9, [0, 4, 5, 2, 3])])
def test_telling_images_are_mended_spoiled_and_left_wrong(each, rows):
    before = pl.DataFrame({"label": [0] * 6, "predicted": [1, 0, 0, 1, 1, 1]})
    after = pl.DataFrame({"label": [0] * 6, "predicted": [0, 0, 1, 2, 0, 0]})
    assert telling_images(before, after, each) == rows
