"""A table as it is read, before it is written in one format or another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from lorvp.results.tables.comparison import comparison, places
from lorvp.results.tables.formats import markdown
from lorvp.results.tables.tidy import PAIR


@dataclass(frozen=True)
class Shown:
    """A title, cells, and which of them are the best and the second of their column.

    ``place`` has some of the columns of ``cells``: 1, 2 or null.
    """

    title: str
    cells: pl.DataFrame
    place: pl.DataFrame = field(default_factory=pl.DataFrame)

    def rows(self) -> Iterator[list[tuple[object, int | None]]]:
        """Cells with their places, row by row."""
        for number, row in enumerate(self.cells.iter_rows()):
            named = zip(self.cells.columns, row, strict=True)
            yield [(value, self._place(name, number)) for name, value in named]

    def _place(self, name: str, number: int) -> int | None:
        return self.place[name][number] if name in self.place.columns else None


@dataclass(frozen=True)
class Section:
    """Tables about one thing, the same in numbers, and what a reader has to know."""

    name: str
    """Of its files."""
    title: str
    tables: list[Shown]
    numbers: pl.DataFrame
    note: str
    otherwise: str = ""
    """What is said where there are no tables."""


def of_each_pair(table: pl.DataFrame) -> list[Shown]:
    """The comparison of every dataset and network."""
    parts = table.partition_by(PAIR, maintain_order=True)
    return [Shown(title_of(part), comparison(part), places(part)) for part in parts]


def title_of(part: pl.DataFrame) -> str:
    return ", ".join(part.select(PAIR).row(0))


def plain(table: pl.DataFrame) -> str:
    """The comparison without marks, for a terminal."""
    return markdown(comparison(table))
