"""A table as a person reads it, before it is written in one format or another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

FILTERS = ("dataset", "network", "mapping")
"""What a page can show the rows, tables and pictures of, and hide the others."""


@dataclass(frozen=True)
class Table:
    """A title, cells, and which cells are the best and the second of their column.

    ``place`` has some of the columns of ``cells``, with 1, 2 or null in each row; ``hints`` some,
    with a sentence that is shown at a cell; ``links`` some, with the row of trials that a cell is
    made of: see `key_of`.
    """

    title: str
    cells: pl.DataFrame
    place: pl.DataFrame = field(default_factory=pl.DataFrame)
    hints: pl.DataFrame = field(default_factory=pl.DataFrame)
    links: pl.DataFrame = field(default_factory=pl.DataFrame)
    about: Mapping[str, str] = field(default_factory=dict)
    """The one dataset, network or mapping that all of it is about, by the words of FILTERS."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """The mapping that a column is about, by its name."""

    def rows(self) -> Iterator[list[tuple[object, int | None]]]:
        """Cells with their places, row by row."""
        for number, row in enumerate(self.cells.iter_rows()):
            named = zip(self.cells.columns, row, strict=True)
            yield [(value, of_cell(self.place, name, number)) for name, value in named]


def of_cell(table: pl.DataFrame, column: str, row: int):
    """What ``table`` has for a cell; None where it lacks the column."""
    return table[column][row] if column in table.columns else None


KEY, BETWEEN = ("dataset", "network", "method", "mapping"), "\n"
"""The names of a row of trials, and what stands between them in its key."""


def key_of() -> pl.Expr:
    """What links lead to: the names in ``KEY`` as one text."""
    return pl.concat_str(KEY, separator=BETWEEN)


@dataclass(frozen=True)
class Section:
    """Tables about one thing, the same in numbers, and a note for the reader."""

    name: str
    """The name of its files."""
    title: str
    tables: list[Table]
    numbers: pl.DataFrame
    note: str
    otherwise: str = ""
    """The sentence in place of the tables where there are none."""
