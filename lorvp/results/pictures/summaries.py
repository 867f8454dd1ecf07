"""The numbers of the pictures: tables are computed here, and drawn elsewhere."""

from __future__ import annotations

import polars as pl

from lorvp.experiment.trial import Point
from lorvp.results.tables.alike import as_usual

TRIAL = ("dataset", "network", "method", "mapping")


def named(results: pl.DataFrame) -> pl.DataFrame:
    """Results with the label of the training added to the method's name.

    Otherwise trials that differ only in their training would be averaged together.
    """
    name = pl.concat_str(
        "method", "training", separator=" ", ignore_nulls=True
    ).str.strip_chars_end()
    return results.with_columns(name.alias("method"))


def over_seeds(results: pl.DataFrame) -> pl.DataFrame:
    """One row for trials that differ in the seed only: their test accuracy in percent.

    Columns: dataset, network, method, mapping, mean, std, seeds, trained_values, as_usual (see
    lorvp/results/tables/alike.py), low, high.
    Rows are in order of first appearance. std is the sample's (divided by seeds - 1), low is mean -
    std and high is mean + std; for a single seed all three are null.
    """
    accuracy = 100 * pl.col("test_accuracy")
    return (
        named(results)
        .with_columns(as_usual(results))
        .group_by(TRIAL, maintain_order=True)
        .agg(
            mean=accuracy.mean(),
            std=accuracy.std(),
            seeds=pl.len(),
            trained_values=pl.col("trained_values").first(),
            as_usual=pl.col("as_usual").first(),
        )
        .with_columns(low=pl.col("mean") - pl.col("std"), high=pl.col("mean") + pl.col("std"))
    )


def history_rows(point: Point, epochs: list[dict]) -> pl.DataFrame:
    """One row for each epoch of a trial, from its history.json.

    Columns: method, mapping, seed, epoch, val_accuracy (0..1), and seconds that training computed
    from the start to the end of the epoch.
    """
    return pl.DataFrame(epochs).select(
        pl.lit(point.method).alias("method"),
        pl.lit(point.mapping).alias("mapping"),
        pl.lit(point.trial.seed).alias("seed"),
        "epoch",
        "val_accuracy",
        pl.col("seconds").cum_sum(),
    )


def mean_curves(history: pl.DataFrame) -> pl.DataFrame:
    """One row per method, mapping and epoch, with means over seeds.

    ``accuracy`` is that on validation images in percent, ``low`` and ``high`` one standard
    deviation below and above it (null for one seed), ``seconds`` those that training computed up
    to the end of the epoch. Epochs that some seed did not reach are left out: the mean of the
    other seeds would jump without any learning.
    """
    curve = ("method", "mapping")
    return (
        history.with_columns(seeds=pl.col("seed").n_unique().over(curve))
        .group_by(*curve, "epoch", maintain_order=True)
        .agg(
            accuracy=100 * pl.col("val_accuracy").mean(),
            std=100 * pl.col("val_accuracy").std(),
            seconds=pl.col("seconds").mean(),
            complete=pl.col("seed").n_unique() == pl.col("seeds").first(),
        )
        .filter("complete")
        .with_columns(
            low=(pl.col("accuracy") - pl.col("std")).clip(0, 100),
            high=(pl.col("accuracy") + pl.col("std")).clip(0, 100),
        )
        .drop("complete", "std")
    )


def most_chosen(counts: pl.DataFrame) -> pl.DataFrame:
    """One row per method and target: the sources that most seeds chose, and the share that did.

    Columns: method, target, sources (list of names; more than one after a tie), share (0..1).
    """
    cell = ("method", "target")
    return (
        counts.filter(pl.col("chosen") == pl.col("chosen").max().over(cell))
        .group_by(cell, maintain_order=True)
        .agg(sources=pl.col("source"), share=(pl.col("chosen") / pl.col("of")).first())
    )


def spread_phrase(seeds: pl.Series) -> str:
    """Words for an interval: 'mean ± 1 std over 3 seeds', or '1 seed', which has none."""
    few, many = seeds.min(), seeds.max()
    if many == 1:
        return "1 seed"
    return f"mean ± 1 std over {many if few == many else f'{few} to {many}'} seeds"
