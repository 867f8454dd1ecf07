"""The table that a paper prints: a row for each method, a column of accuracies for each mapping."""

from __future__ import annotations

import polars as pl

from lorvp.results.tables.cells import place, with_spread
from lorvp.results.tables.columns import Tables, shown_in, without_empty
from lorvp.results.tables.table import Table, key_of
from lorvp.results.tables.tidy import GROUP, PAIR, ROW, aggregate, without_constants


def comparison(table: pl.DataFrame) -> pl.DataFrame:
    """Rows are methods, columns mappings, cells test accuracy in percent, mean ± std over seeds.

    A mapping that trains values has their number in its column's name. After the mappings come the
    columns that lorvp/results/tables/columns.py declares for the comparison, such as the number of
    values that the prompt trains. A name that all rows share, and a declared column without any
    value, are left out. Cells of trials that the grid does not have are null.
    """
    more = shown_in(Tables.COMPARISON)
    cells = _cells(table)
    costs = cells.group_by(ROW, maintain_order=True).agg(column.of_method() for column in more)
    joined = _wide(cells, "cell").join(costs, on=ROW, maintain_order="left")
    return without_empty(without_constants(joined), [column.heading for column in more])


def of_each_pair(table: pl.DataFrame) -> list[Table]:
    """The comparison of each dataset and network, as a table of its own."""
    return [_of_pair(part) for part in table.partition_by(PAIR, maintain_order=True)]


def _of_pair(part: pl.DataFrame) -> Table:
    links = _wide(_cells(part).with_columns(link=key_of()), "link").drop(ROW)
    names = dict(part.select(_column().alias("column"), "mapping").unique().rows())
    about = dict(zip(PAIR, part.select(PAIR).row(0), strict=True))
    shown, place = comparison(part), places(part)
    return Table(title_of(part), shown, place, links=links, about=about, columns=names)


def title_of(part: pl.DataFrame) -> str:
    """Such as ``digits, letters_resnet``: the one dataset and network of these rows."""
    return ", ".join(part.select(PAIR).row(0))


def places(table: pl.DataFrame) -> pl.DataFrame:
    """For each cell of the comparison 1 if it is the best of its column, 2 if the second, or null.

    Methods are compared within a dataset and a network, and with those that were tuned with the
    same budget.
    """
    return _wide(_cells(table), "place").drop(ROW)


def _cells(table: pl.DataFrame) -> pl.DataFrame:
    """A row for each method and mapping: what the comparison shows of it, and in which column."""
    more = (column.of_cell() for column in shown_in(Tables.COMPARISON))
    named = table.with_columns(_column().alias("column"))
    cells = aggregate(named, [pl.col("column").first(), pl.col("tuned").first(), *more])
    best = place(100 * pl.col("mean"), [*PAIR, "column", "tuned"])
    return cells.with_columns(_cell().alias("cell"), best.alias("place"))


def _wide(cells: pl.DataFrame, values: str) -> pl.DataFrame:
    return cells.pivot("column", index=ROW, values=values, aggregate_function="first")


def shifts(table: pl.DataFrame, shifted: pl.DataFrame) -> pl.DataFrame:
    """Test accuracy in percent on shifted test sets, beside that on the trial's own dataset.

    ``shifted`` has a row for each trial and test set: trial, shift (the set's name), accuracy
    (0..1). The result has a row for each method with a mapping and a column for each test set,
    with mean ± std over seeds in its cells.
    """
    own = table.select("trial", shift="dataset", accuracy="test_accuracy")
    tested = own.filter(pl.col("trial").is_in(shifted["trial"].implode()))
    # Unique, since a tuned row may have the very trials of one that was written down.
    every = pl.concat([tested, shifted.select("trial", "shift", "accuracy")]).unique(
        maintain_order=True
    )
    cells = (
        every.join(table.select("trial", *GROUP), on="trial", maintain_order="left")
        .group_by(*GROUP, "shift", maintain_order=True)
        .agg(pl.col("accuracy").mean().alias("mean"), pl.col("accuracy").std().alias("std"))
        .with_columns(_cell().alias("cell"))
    )
    wide = cells.pivot("shift", index=GROUP, values="cell")
    return without_constants(wide)


def _cell() -> pl.Expr:
    return with_spread(100 * pl.col("mean"), 100 * pl.col("std"))


def _column() -> pl.Expr:
    """``lp (+970)``; only ``lp`` where trials differ in the number of values it trains, or it has
    none."""
    values = pl.col("mapping_values")
    alike = values.n_unique().over("mapping") == 1
    named = pl.format("{} (+{})", "mapping", values)
    return pl.when(alike & (values > 0)).then(named).otherwise(pl.col("mapping"))


def metrics(table: pl.DataFrame) -> dict[str, dict[str, float]]:
    """``{"lor_vp r=4": {"ilm": 92.1, …}, …}``: mean test accuracy in percent, for `dvc metrics`.

    A key also names dataset, network or training where the table has several.
    """
    cells = aggregate(table)
    several = [name for name in ROW if name == "method" or cells[name].n_unique() > 1]
    found: dict[str, dict[str, float]] = {}
    for row in cells.iter_rows(named=True):
        key = " · ".join(str(row[name]) for name in several if row[name])
        found.setdefault(key, {})[row["mapping"]] = round(100 * row["mean"], 2)
    return found
