"""The numbers of a method with a mapping, and its accuracy on each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

import numpy as np
import polars as pl

from lorvp.results.tables import trained_on
from lorvp.results.tables.columns import Tables, shown_in
from lorvp.results.tables.intervals import interval
from lorvp.results.tables.tidy import CELL, PAIR, aggregate
from lorvp.results.tables.trial_statistics import unpacked


def cells(table: pl.DataFrame, statistics: pl.DataFrame) -> pl.DataFrame:
    """A row of numbers for each method and mapping, of the trials in the main table.

    Accuracies are in percent; ``low`` and ``high`` are the 95 % interval of the test accuracy, see
    lorvp/results/tables/intervals.py. Behind them come ``trained_on``, all that the seeds were
    trained on, and the columns that lorvp/results/tables/columns.py declares for the details.
    """
    more = shown_in(Tables.DETAILS)
    setting = pl.col("setting").first()
    joined = table.join(statistics, on="trial", maintain_order="left")
    bits = [pl.col("right").alias("bits"), pl.col("images").first().alias("test_images")]
    also = [setting, trained_on.of_seeds(), *bits, *(column.of_cell() for column in more)]
    return _with_intervals(aggregate(joined, also)).select(
        *PAIR,
        "method",
        "mapping",
        "setting",
        (100 * pl.col("val_mean")).alias("validation"),
        (100 * pl.col("mean")).alias("test"),
        (100 * pl.col("std")).alias("std"),
        "low",
        "high",
        "seeds",
        "trained_on",
        *(column.name for column in more),
    )


def _with_intervals(cells: pl.DataFrame) -> pl.DataFrame:
    """With ``low`` and ``high`` in percent; null where the accuracy is no number."""
    found = [_interval(*row) for row in cells.select("mean", "bits", "test_images").iter_rows()]
    schema = {"low": pl.Float64, "high": pl.Float64}
    return cells.hstack(pl.DataFrame(found, schema=schema, orient="row"))


def _interval(
    mean: float, bits: Sequence[bytes], images: int
) -> tuple[float, float] | tuple[None, None]:
    if not isfinite(mean) or not images:
        return None, None
    low, high = interval(np.stack([unpacked(one, images) for one in bits]))
    return 100 * low, 100 * high


def classes(
    table: pl.DataFrame, statistics: pl.DataFrame, names: Mapping[str, Sequence[str]]
) -> pl.DataFrame:
    """A row for each class of each method and mapping, with its accuracy in percent over seeds.

    ``names`` has the class names of each dataset. A class without test images has no row.
    """
    own = {"class": [list(classes) for classes in names.values()], "dataset": list(names)}
    accuracy = 100 * pl.col("class_right") / pl.col("class_images")
    return (
        table.select("trial", *CELL)
        .join(statistics, on="trial", maintain_order="left")
        .join(pl.DataFrame(own), on="dataset", maintain_order="left")
        .select(*CELL, "class", "class_images", "class_right")
        .explode("class", "class_images", "class_right")
        .filter(pl.col("class_images") > 0)
        .group_by(*CELL, "class", maintain_order=True)
        .agg(
            pl.col("class_images").first().alias("images"),
            accuracy.mean().alias("accuracy"),
            accuracy.std().alias("std"),
        )
    )
