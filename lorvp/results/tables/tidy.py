"""One row for each trial, and their means over seeds; every other table is made of these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl
from scipy.special import stdtrit

from lorvp.experiment.trial import Point

PAIR = ["dataset", "network"]
ROW = [*PAIR, "method", "training"]
"""What a row of the comparison stands for; mappings are its columns, seeds its spread."""
GROUP = [*ROW, "mapping"]
"""What trials have in common that differ in their seeds only."""
CELL = [*PAIR, "method", "mapping"]
"""The same whatever the training, of which the main table has one."""

BEST_TEST_EPOCH = "test_accuracy_of_best_test_epoch"
"""The column of what many papers print; null where it was not asked for."""

LEVEL = 0.95
"""Of every interval."""


def results(
    records: Iterable[tuple[Point, dict]], train_images: Mapping[str, int] | None = None
) -> pl.DataFrame:
    """One row for each trial, in the order of the grid, from its point and its trial.json.

    Accuracies are shares in 0..1; ``seconds`` are those that training computed, ``wall_seconds``
    the same by the clock; values are numbers of trained values; ``prompt_linf`` is the largest
    change that the prompt made to a pixel (0..1) of a test image, null where it acts inside the
    network. ``settings`` holds the trial's settings as JSON, for what no column tells.
    ``train_images`` says how many each dataset has; without it, speed is null.
    """
    rows = [
        {
            "trial": record["fingerprint"],
            "dataset": point.trial.dataset,
            "network": point.trial.network,
            "method": point.method,
            "mapping": point.mapping,
            "training": point.training,
            "seed": point.trial.seed,
            **record["summary"],
            "images_per_second": _speed(record["summary"], (train_images or {}), point),
            "settings": point.trial.model_dump_json(),
        }
        for point, record in records
    ]
    whole = {"images_per_second": pl.Float64, "prompt_linf": pl.Float64}
    return pl.DataFrame(rows, infer_schema_length=None, schema_overrides=whole)


def _speed(summary: dict, train_images: Mapping[str, int], point: Point) -> float | None:
    """Training images in a second of computing."""
    images, seconds = train_images.get(point.trial.dataset), summary["seconds"]
    return images * summary["epochs"] / seconds if images and seconds else None


def aggregate(table: pl.DataFrame) -> pl.DataFrame:
    """Mean and spread over seeds for each row of the comparison and each mapping.

    The spread is the standard deviation of a sample (n - 1); it is null for a single seed.
    ``interval`` is half of the 95 % interval of the mean, by Student's t.
    """
    return (
        table.group_by(GROUP, maintain_order=True)
        .agg(
            pl.col("test_accuracy").mean().alias("mean"),
            pl.col("test_accuracy").std().alias("std"),
            pl.len().alias("seeds"),
            pl.col("val_accuracy").mean().alias("val_mean"),
            pl.col("val_accuracy").std().alias("val_std"),
            (pl.col("trained_values") - pl.col("mapping_values")).first().alias("prompt_values"),
            pl.col("mapping_values").first(),
            pl.col("seconds", "wall_seconds").mean(),
            pl.col("images_per_second").mean(),
        )
        .with_columns(interval())
    )


def interval() -> pl.Expr:
    """Half of the interval of a mean of so many seeds, from ``std`` and ``seeds``."""
    # Of one seed, whose std is null, the quantile is no number and is not asked for.
    quantile = (pl.col("seeds") - 1).map_batches(
        lambda freedom: pl.Series(stdtrit(freedom.to_numpy(), (1 + LEVEL) / 2)), pl.Float64
    )
    return (quantile * pl.col("std") / pl.col("seeds").sqrt()).alias("interval")


def without_constants(table: pl.DataFrame) -> pl.DataFrame:
    """Without the columns of a row's name that say the same in every row."""
    return table.drop(name for name in ROW if name != "method" and table[name].n_unique() == 1)
