"""Where a setting was swept: what validation chose of it, and all that was tried.

Test images choose nothing: the main table shows, for each method and mapping, the training
setting with the best mean validation accuracy over seeds, and the sweep stands in a table of its
own. Settings of a method, such as a rank, stay rows of the main table.
"""

from __future__ import annotations

import polars as pl

from lorvp.results.tables.cells import with_spread
from lorvp.results.tables.tidy import CELL, GROUP, PAIR, aggregate

FAMILY = [*PAIR, "family", "mapping"]


def chosen(table: pl.DataFrame) -> pl.DataFrame:
    """The trials of the main table: of each method and mapping one training setting.

    ``training`` is then empty, and ``setting`` says which it was. Of equals the first in the
    grid is taken; what is no number is never chosen over one that is.
    """
    best = aggregate(table).filter(_best(CELL)).select(GROUP)
    kept = table.join(best, on=GROUP, how="semi", maintain_order="left")
    return kept.with_columns(setting="training", training=pl.lit(""))


def _best(among: list[str]) -> pl.Expr:
    """The first of the rows with the highest mean validation accuracy."""
    mean = pl.col("val_mean").fill_nan(-1.0)
    return pl.int_range(pl.len()).over(among) == mean.arg_max().over(among)


def sweeps(table: pl.DataFrame) -> pl.DataFrame:
    """A row for each setting of a method that was tried in more than one, and its accuracies.

    ``chosen`` marks what stands in the main table, ``best`` what validation would choose of all
    settings of the method. Columns that say the same in every row are left out.
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
