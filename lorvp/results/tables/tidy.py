"""The tidy table with a row for each trial, and means over seeds; all tables are made of these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from lorvp.experiment.trial import Point
from lorvp.results.tables import trained_on
from lorvp.results.tables.columns import Tables, shown_in

PAIR = ["dataset", "network"]
ROW = [*PAIR, "method", "training"]
"""The columns that name a row of the comparison."""
GROUP = [*ROW, "mapping"]
"""The columns in which trials agree that differ only in the seed."""
CELL = [*PAIR, "method", "mapping"]
"""GROUP without the training: the main table shows one training for each method and mapping."""

LEVEL = 0.95
"""Confidence of every interval."""


def results(
    records: Iterable[tuple[Point, dict]], train_images: Mapping[str, int] | None = None
) -> pl.DataFrame:
    """One row for each trial, in the order of the grid, from its point and its trial.json.

    Columns are names, the summary in trial.json, what lorvp/results/tables/columns.py derives from
    it, and ``settings``, the trial's settings as JSON. Accuracies are shares in 0..1; ``seconds``
    are those that training computed, ``wall_seconds`` the same by the clock; values are numbers of
    trained values; ``prompt_linf`` is the largest change that the prompt made to a pixel (0..1) of
    a test image, null where it acts inside the network; ``device``, ``precision`` and ``lanes`` say
    on what the trial was trained, see lorvp/results/tables/trained_on.py. ``tuned`` is the number
    of settings that were tried to find this one, null if it was written down. ``train_images`` are
    the numbers of training images of the datasets; without them, ``images_per_second`` is null.
    """
    images = train_images or {}
    rows = [
        {
            "trial": record["fingerprint"],
            "dataset": point.trial.dataset,
            "network": point.trial.network,
            "method": point.method,
            "mapping": point.mapping,
            "training": point.training,
            "tuned": point.tuned,
            "seed": point.trial.seed,
            **record["summary"],
            "precision": point.trial.training.precision,
            **trained_on.facts(record),
            "train_images": images.get(point.trial.dataset),
            "settings": point.trial.model_dump_json(),
        }
        for point, record in records
    ]
    # Of columns of nulls too.
    types = dict.fromkeys(("train_images", "tuned", "lanes"), pl.Int64)
    types |= {"prompt_linf": pl.Float64}
    measured = pl.DataFrame(rows, infer_schema_length=None, schema_overrides=types)
    derived = (column.of_trial.alias(column.name) for column in shown_in(Tables.RESULTS))
    return measured.select(pl.exclude("train_images", "settings"), *derived, "settings")


def aggregate(table: pl.DataFrame, also: Iterable[pl.Expr] = ()) -> pl.DataFrame:
    """Mean and spread of the accuracies over seeds, a row for each method, training and mapping.

    The spread is the standard deviation of a sample (n - 1); it is null for a single seed. ``also``
    are more columns, each an expression over the rows of the seeds.
    """
    return table.group_by(GROUP, maintain_order=True).agg(
        pl.col("test_accuracy").mean().alias("mean"),
        pl.col("test_accuracy").std().alias("std"),
        pl.len().alias("seeds"),
        pl.col("val_accuracy").mean().alias("val_mean"),
        pl.col("val_accuracy").std().alias("val_std"),
        *also,
    )


def without_constants(table: pl.DataFrame) -> pl.DataFrame:
    """The table without those columns of ROW, but for the method, that have one value only."""
    return table.drop(name for name in ROW if name != "method" and table[name].n_unique() == 1)
