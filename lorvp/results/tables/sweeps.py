"""Swept settings: the one that validation chooses, and a table of all that were tried.

Test images choose nothing. For each method and mapping the main table shows the training setting
with the best mean validation accuracy over seeds; the other settings are in the table of sweeps.
Settings of a method, such as a rank, are rows of the main table.
"""

from __future__ import annotations

import polars as pl

from lorvp.results.tables.cells import with_spread
from lorvp.results.tables.tidy import CELL, GROUP, PAIR, aggregate

FAMILY = [*PAIR, "family", "mapping"]


def chosen(table: pl.DataFrame) -> pl.DataFrame:
    """The trials of the main table, which shows one training setting for each method and mapping.

    Their ``training`` becomes empty, and a new column ``setting`` has its text. Among equals the
    first in the grid is chosen; NaN is chosen only where there is no number.
    """
    best = aggregate(table).filter(_best(CELL)).select(GROUP)
    kept = table.join(best, on=GROUP, how="semi", maintain_order="left")
    return kept.with_columns(setting="training", training=pl.lit(""))


def _best(among: list[str]) -> pl.Expr:
    """The first of the rows with the highest mean validation accuracy."""
    mean = pl.col("val_mean").fill_nan(-1.0)
    return pl.int_range(pl.len()).over(among) == mean.arg_max().over(among)


def sweeps(table: pl.DataFrame) -> pl.DataFrame:
    """A row of accuracies for each setting of the methods that were tried in several settings.

    ``chosen`` marks the settings in the main table, ``best`` the one that validation would choose
    among all settings of a method. Dataset and network are left out where there is only one.
    """
    mean, val = 100 * pl.col("mean"), 100 * pl.col("val_mean")
    words = pl.col("method").str.splitn(" ", 2).struct
    rows = (
        aggregate(table)
        .with_columns(family=words[0], own=words[1].fill_null(""))
        .with_columns(chosen=_mark(_best(CELL)), best=_mark(_best(FAMILY)))
        .filter(pl.len().over(FAMILY) > 1)
        .with_row_index("row")
        .sort(pl.col("row").min().over(FAMILY), "row")
    )
    setting = pl.concat_str("own", "training", separator=" ").str.strip_chars()
    found = rows.select(
        *PAIR,
        pl.col("family").alias("method"),
        "mapping",
        setting.alias("setting"),
        with_spread(val, 100 * pl.col("val_std")).alias("validation"),
        with_spread(mean, 100 * pl.col("std")).alias("test"),
        "seeds",
        "chosen",
        "best",
    )
    return found.drop(name for name in PAIR if table[name].n_unique() == 1)


def _mark(condition: pl.Expr) -> pl.Expr:
    return pl.when(condition).then(pl.lit("yes")).otherwise(pl.lit(""))
