"""The numbers of a method with a mapping, and its accuracy on each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from lorvp.results.tables import trained_on
from lorvp.results.tables.columns import Tables, shown_in
from lorvp.results.tables.tidy import CELL, PAIR, aggregate


def cells(table: pl.DataFrame, statistics: pl.DataFrame) -> pl.DataFrame:
    """A row of numbers for each method and mapping, of the trials in the main table.

    Accuracies are in percent; ``low`` and ``high`` are the 95 % interval of the mean over seeds
    (Student's t), null for one seed. Behind them come ``trained_on``, all that the seeds were
    trained on, and the columns that lorvp/results/tables/columns.py declares for the details.
    """
    more = shown_in(Tables.DETAILS)
    setting = pl.col("setting").first()
    joined = table.join(statistics, on="trial", maintain_order="left")
    mean, half = 100 * pl.col("mean"), 100 * pl.col("interval")
    also = [setting, trained_on.of_seeds(), *(column.of_cell() for column in more)]
    return aggregate(joined, also).select(
        *PAIR,
        "method",
        "mapping",
        "setting",
        (100 * pl.col("val_mean")).alias("validation"),
        mean.alias("test"),
        (100 * pl.col("std")).alias("std"),
        (mean - half).alias("low"),
        (mean + half).alias("high"),
        "seeds",
        "trained_on",
        *(column.name for column in more),
    )


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
