"""The page: its template filled with tables, pictures and remarks."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from lorvp.results.tables.formats import text_of
from lorvp.results.tables.table import Section, Table
from lorvp.text.printable import printable

HERE = Path(__file__).parent
LONG = 80
"""The most letters of a cell that are not wrapped."""


@dataclass(frozen=True)
class Picture:
    """A PNG with a title; it has twice the size in which the page shows it."""

    file: Path
    title: str
    about: str
    """A description: the text below the picture, and for readers who cannot see it."""

    @property
    def url(self) -> str:
        return "data:image/png;base64," + base64.b64encode(self.file.read_bytes()).decode()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height on the page in pixels, from the header of the file."""
        width, height = struct.unpack(">II", self.file.read_bytes()[16:24])
        return width // 2, height // 2


def page(
    sections: list[Section],
    pictures: list[Picture],
    remarks: list[str],
    origins: list[Section],
    params: str,
) -> str:
    """HTML that loads nothing: scripts, style and pictures are inside it.

    ``remarks`` are sentences on what is missing or has to be known. ``origins`` are tables of the
    data, weights and software behind the results. ``params`` is the text of the experiment.
    """
    return _template().render(
        title=_title(sections[0]),
        sections=sections,
        pictures=pictures,
        remarks=remarks,
        origins=origins,
        params=params,
        style=(HERE / "page.css").read_text(),
        script=(HERE / "page.js").read_text(),
    )


def _title(first: Section) -> str:
    return printable("Visual prompts: " + "; ".join(shown.title for shown in first.tables[:3]))


@cache
def _template() -> Template:
    loader = FileSystemLoader(HERE)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["visible"] = printable
    given = {"cells": cells, "kinds": kinds, "long": LONG}
    return environment.get_template("page.html.jinja", globals=given)


@dataclass(frozen=True)
class Cell:
    """A cell's text, its place in the column (1, 2 or None), and the column's kind (`kinds`)."""

    text: str
    place: int | None
    kind: str


def cells(shown: Table) -> Iterable[list[Cell]]:
    """The rows of a table, cell by cell."""
    kind = kinds(shown)
    for row in shown.rows():
        named = zip(row, kind.values(), strict=True)
        yield [Cell(text_of(value), place, kind) for (value, place), kind in named]


def kinds(shown: Table) -> dict[str, str]:
    """``number``, which is aligned right, or ``text`` for each column.

    A column of text such as ``65.5 ± 0.1`` is one of numbers too.
    """
    return {column.name: _kind(column) for column in shown.cells}


def _kind(column: pl.Series) -> str:
    if column.dtype.is_numeric():
        return "number"
    found = column.cast(pl.String).drop_nulls()
    numbers = found.str.contains(r"^[<+-]?[\d,]+(\.\d+)?( ± [\d.]+| \([\d.]+\))?$|^NaN")
    return "number" if len(found) and numbers.all() else "text"
