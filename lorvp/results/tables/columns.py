"""The numbers that tables show beside accuracies; each is declared once, in ``COLUMNS``.

A number that can be computed from others, such as a test error, is one more line there:

    Column("test_error", "test error %", 1 - pl.col("test_accuracy"), percent=True,
           tables=Tables.RESULTS | Tables.DETAILS),

Tables are made anew from the finished trials, so this trains nothing again.

A number that has to be measured goes into the summary of a trial (``_summary`` in
lorvp/trials/course.py), which is kept in its trial.json. It then is a column of results.csv without
any declaration; a ``Column`` here shows it in other tables too. An edit of course.py trains every
trial again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag, auto

import polars as pl

from lorvp.results.tables.cells import decimal, rounded

BEST_TEST_EPOCH = "test_accuracy_of_best_test_epoch"
"""The measured column of what many papers print; null where it was not asked for."""


class Tables(Flag):
    """The tables that show a column."""

    RESULTS = auto()
    """The tidy table: a row for each trial, in results.csv and results.parquet."""
    DETAILS = auto()
    """A row for each method with a mapping: details.md and numbers/details.*."""
    COMPARISON = auto()
    """A row for each method: comparison.md and numbers/comparison.*."""


@dataclass(frozen=True, eq=False)
class Column:
    """A number of each trial, and how tables show it. Where no row has it, they leave it out."""

    name: str
    """The column's name in results.* and numbers/details.*."""
    heading: str
    """The column's name in tables to read, with the unit."""
    of_trial: pl.Expr
    """The number, from what is measured of a trial (the summary in trial.json). For RESULTS there
    is ``train_images`` too, the dataset's number of them; for DETAILS alone also ``ece`` and
    ``loss``, see lorvp/results/tables/trial_statistics.py."""
    tables: Tables = Tables.DETAILS
    percent: bool = False
    """Whether it is a share in 0..1, which all tables but the tidy one have in percent."""
    decimals: int = 1
    """Digits after the decimal point in tables to read; with 0 it is a whole number."""
    over_seeds: Callable[[pl.Expr], pl.Expr] = pl.Expr.mean
    """From the numbers of the seeds to that of a method with a mapping."""
    over_mappings: Callable[[pl.Expr], pl.Expr] = pl.Expr.mean
    """From the numbers of the mappings to that of a method."""
    note: str = ""
    """A sentence for the note below the details."""

    def of_cell(self) -> pl.Expr:
        """The number of a method with a mapping, from the tidy rows of its seeds."""
        number = pl.col(self.name) if Tables.RESULTS in self.tables else self.of_trial
        return self.over_seeds(100 * number if self.percent else number).alias(self.name)

    def of_method(self) -> pl.Expr:
        """The rounded number of a method, from those with each of its mappings."""
        number = self.over_mappings(pl.col(self.name))
        return rounded(number, self.decimals).alias(self.heading)

    def to_read(self) -> pl.Expr:
        """The number of a method with a mapping as it is read."""
        number = pl.col(self.name)
        text = decimal(number, self.decimals) if self.decimals else rounded(number)
        return text.alias(self.heading)


COLUMNS = [
    Column(
        "best test epoch",
        "best test epoch %",
        pl.col(BEST_TEST_EPOCH).cast(pl.Float64),
        percent=True,
        note="best test epoch, where it was asked for, is the accuracy at the epoch that the test "
        "images would have chosen, as many papers print it.",
    ),
    Column("ece", "ECE %", pl.col("ece"), percent=True),
    Column(
        "prompt_values",
        "prompt values",
        pl.col("trained_values") - pl.col("mapping_values"),
        tables=Tables.COMPARISON,
        decimals=0,
        over_seeds=pl.Expr.first,
        over_mappings=pl.Expr.max,
    ),
    Column(
        "trained_values",
        "trained values",
        pl.col("trained_values"),
        decimals=0,
        over_seeds=pl.Expr.first,
    ),
    Column(
        "seconds",
        "seconds",
        pl.col("seconds"),
        tables=Tables.DETAILS | Tables.COMPARISON,
        note="seconds are those that training computed: on a CPU the time that its threads had a "
        "core, on a GPU the clock's.",
    ),
    Column(
        "wall_seconds",
        "wall seconds",
        pl.col("wall_seconds"),
        note="wall seconds are by the clock, and longer where neighbours kept the machine busy.",
    ),
    Column(
        "images_per_second",
        "images/s",
        pl.when(pl.col("train_images") > 0, pl.col("seconds") > 0).then(
            pl.col("train_images") * pl.col("epochs") / pl.col("seconds")
        ),
        tables=Tables.RESULTS | Tables.DETAILS | Tables.COMPARISON,
        decimals=0,
        note="images/s are training images in a second of computing.",
    ),
]
"""In the order in which tables show them."""


def shown_in(table: Tables) -> list[Column]:
    """The declared columns that this table shows, in order."""
    return [column for column in COLUMNS if table in column.tables]


def without_empty(table: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """The table without those of the named columns that have no value in any row."""
    return table.drop(name for name in names if not table[name].count())
