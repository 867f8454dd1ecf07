"""All that is known of a method with a mapping, and its accuracy on each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from lorvp.results.tables.tidy import BEST_TEST_EPOCH, CELL, GROUP, PAIR, aggregate


def cells(table: pl.DataFrame, statistics: pl.DataFrame) -> pl.DataFrame:
    """Numbers, not text: a row for each method and mapping, of the trials in the main table.

    Accuracies and ECE in percent; ``low`` and ``high`` are the 95 % interval of the mean over
    seeds (Student's t), null for one seed.
    """
    mean, half = 100 * pl.col("mean"), 100 * pl.col("interval")
    more = (
        table.join(statistics, on="trial", maintain_order="left")
        .group_by(GROUP, maintain_order=True)
        .agg(
            pl.col("setting").first(),
            pl.col("trained_values").first(),
            (100 * pl.col("ece")).mean().alias("ece"),
            (100 * pl.col(BEST_TEST_EPOCH).cast(pl.Float64)).mean().alias("best test epoch"),
        )
    )
    return (
        aggregate(table)
        .join(more, on=GROUP, maintain_order="left")
        .select(
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
            "best test epoch",
            "ece",
            "trained_values",
            "seconds",
            "wall_seconds",
            "images_per_second",
        )
    )


def classes(
    table: pl.DataFrame, statistics: pl.DataFrame, names: Mapping[str, Sequence[str]]
) -> pl.DataFrame:
    """A row for each class of each method and mapping: test images, accuracy in percent over
    seeds. ``names`` are those of each dataset's classes. A class without test images has none.
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
