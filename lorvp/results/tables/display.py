"""Tables of numbers made readable: rounded, with headings, and without empty columns."""

from __future__ import annotations

import polars as pl

from lorvp.results.tables.cells import decimal, place, with_spread
from lorvp.results.tables.columns import Tables, shown_in, without_empty
from lorvp.results.tables.comparison import title_of
from lorvp.results.tables.table import Table
from lorvp.results.tables.tidy import PAIR
from lorvp.results.tables.trained_on import HEADING

MANY = 20
"""The most classes that have a column each."""
SMALLEST = 0.001
"""p below which no digits are shown."""
INTERVAL = "95 % interval"


def without_constant_pairs(table: pl.DataFrame) -> pl.DataFrame:
    """The table without the dataset, and without the network, where all rows have the same."""
    drop = [name for name in PAIR if name in table.columns and table[name].n_unique() <= 1]
    return table.drop(drop)


def tests(found: pl.DataFrame) -> pl.DataFrame:
    """The paired tests; ``better`` is null where the data do not say which method is."""
    seeds = pl.format("{} : {} of {}", "ahead", "behind", "seeds")
    return without_constant_pairs(
        found.select(
            *PAIR,
            "mapping",
            pl.col("a").alias("A"),
            pl.col("b").alias("B"),
            "better",
            _signed("difference").alias("A - B (points)"),
            _interval().alias(INTERVAL),
            seeds.alias("seeds won A : B"),
            _p("p").alias("p"),
            _p("p_holm").alias("p (Holm)"),
        )
    )


def _signed(name: str) -> pl.Expr:
    return pl.col(name).map_elements("{:+.1f}".format, pl.String)


def _interval() -> pl.Expr:
    """Text such as ``1.2 to 3.4``; null where there is no interval."""
    return decimal(pl.col("low")) + " to " + decimal(pl.col("high"))


def _p(name: str) -> pl.Expr:
    small = pl.lit(f"<{SMALLEST}")
    return pl.when(pl.col(name) < SMALLEST).then(small).otherwise(decimal(pl.col(name), 3))


def cells(found: pl.DataFrame) -> pl.DataFrame:
    """The numbers of each method with a mapping; columns without any value are left out, and what
    they were trained on if it is the same for all."""
    more = shown_in(Tables.DETAILS)
    table = found.select(
        *PAIR,
        "method",
        "mapping",
        pl.col("setting").replace("", None),
        decimal(pl.col("validation")).alias("validation %"),
        with_spread(pl.col("test"), pl.col("std")).alias("test %"),
        _interval().alias(INTERVAL),
        "seeds",
        *(column.to_read() for column in more),
        pl.col("trained_on").alias(HEADING),
    )
    if found["trained_on"].n_unique() == 1:
        table = table.drop(HEADING)
    optional = ["setting", INTERVAL, *(column.heading for column in more)]
    return without_empty(without_constant_pairs(table), optional)


def averages(found: pl.DataFrame) -> Table:
    """A row for each method, a column for each mapping: average accuracy and mean rank."""
    cells = found.with_columns(
        text=decimal(pl.col("average")) + " (" + decimal(pl.col("mean rank"), 2) + ")",
        place=place(pl.col("average"), ["network", "mapping"]),
    )
    title = "Average accuracy in % (mean rank; 1 is best) over datasets"
    return _across("mapping", cells, title, index=["network", "method"])


def friedman(tested: pl.DataFrame) -> Table:
    """The statistic of Friedman's test, and in words whether the ranks can be chance."""
    numbers = [decimal(pl.col(name), 2) for name in ("statistic", "critical difference")]
    table = tested.with_columns(*numbers, _p("p").alias("p"))
    return Table("Friedman's test of the ranks", without_constant_pairs(table))


def classes(found: pl.DataFrame) -> list[Table]:
    """A table for each dataset and network with few classes: accuracy in percent of each class."""
    parts = found.partition_by(PAIR, maintain_order=True)
    return [_of_classes(part) for part in parts if part["class"].n_unique() <= MANY]


def _of_classes(part: pl.DataFrame) -> Table:
    cells = part.with_columns(
        text=decimal(pl.col("accuracy")), place=place(pl.col("accuracy"), ["class"])
    )
    return _across("class", cells, title_of(part), index=["method", "mapping"])


def with_differences(found: pl.DataFrame, column: str) -> tuple[pl.DataFrame, str]:
    """A table whose ``column`` lists sentences, with their numbers there, and a note of them all.

    Those of all rows have no number; without others the column is left out.
    """
    lists = [list(row) for row in found[column]]
    every = list(dict.fromkeys(said for row in lists for said in row))
    common = [said for said in every if all(said in row for row in lists)]
    number = {said: i for i, said in enumerate((s for s in every if s not in common), 1)}
    cells = [", ".join(str(number[s]) for s in row if s in number) or None for row in lists]
    notes = [f"In all rows ours differs from the papers: {'; '.join(common)}."] if common else []
    if not number:
        return found.drop(column), " ".join(notes)
    numbered = "; ".join(f"({i}) {said}" for said, i in number.items())
    notes.append(f"The numbers in the column {column} are: {numbered}.")
    return found.with_columns(pl.Series(column, cells, pl.String)), " ".join(notes)


def _across(name: str, cells: pl.DataFrame, title: str, index: list[str]) -> Table:
    """A table with a column for each value of ``name``, from the columns ``text`` and ``place``."""
    text, best = (cells.pivot(name, index=index, values=v) for v in ("text", "place"))
    return Table(title, without_constant_pairs(text), best.drop(index))
