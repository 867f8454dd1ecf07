"""A table as a person reads it, before it is written in one format or another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True)
class Table:
    """A title, cells, and which cells are the best and the second of their column.

    ``place`` has some of the columns of ``cells``, with 1, 2 or null in each row.
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
    """Tables about one thing, the same in numbers, and a note for the reader."""

    name: str
    """The name of its files."""
    title: str
    tables: list[Table]
    numbers: pl.DataFrame
    note: str
    otherwise: str = ""
    """The sentence in place of the tables where there are none."""
