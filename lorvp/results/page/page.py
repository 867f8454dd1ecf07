"""The page: its template filled with tables, pictures and remarks."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from lorvp.results.page import charts
from lorvp.results.page.rows import HEIGHT, WIDTH, Row
from lorvp.results.tables.formats import csv, latex, marked_markdown, text_of
from lorvp.results.tables.table import FILTERS, Section, Table, of_cell
from lorvp.results.tables.takeaways import Takeaway
from lorvp.text.printable import printable

HERE = Path(__file__).parent
LONG = 80
"""The most letters of a cell that are not wrapped."""
LOW_IS_BEST = (
    "prompt values", "trained values", "seconds", "wall seconds", "ECE %", "p", "epochs spent",
)  # fmt: skip
"""Columns whose first click puts the smallest number on top."""


@dataclass(frozen=True)
class Picture:
    """A PNG with a title; it has twice the size in which the page shows it."""

    file: Path
    title: str
    about: str
    """A description: the text below the picture, and for readers who cannot see it."""
    specification: Mapping[str, Any] | None = None
    """The same as a Vega-Lite chart, where it is one of numbers."""
    of: Mapping[str, str] = field(default_factory=dict)
    """The one dataset and network that it is about, by the words of FILTERS."""

    @property
    def url(self) -> str:
        return "data:image/png;base64," + base64.b64encode(self.file.read_bytes()).decode()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height on the page in pixels, from the header of the file."""
        width, height = struct.unpack(">II", self.file.read_bytes()[16:24])
        return width // 2, height // 2

    @property
    def chart(self) -> str | None:
        """The specification as the page holds it."""
        return charts.as_json(self.specification) if self.specification else None


@dataclass(frozen=True)
class Summary:
    """What stands on top of the page, and what its cells lead to."""

    warnings: Sequence[str] = ()
    """Sentences without which the tables mislead."""
    takeaways: Sequence[Takeaway] = ()
    rows: Sequence[Row] = ()


NOTHING = Summary()


def page(
    sections: list[Section],
    pictures: list[Picture],
    remarks: list[str],
    origins: list[Section],
    params: str,
    summary: Summary = NOTHING,
) -> str:
    """HTML that loads nothing: scripts, style and pictures are inside it.

    ``remarks`` are sentences on what is missing or has to be known. ``origins`` are tables of the
    data, weights and software behind the results. ``params`` is the text of the experiment.
    Sections without tables are left out.
    """
    anchors = {row.key: f"row-{number}" for number, row in enumerate(summary.rows, 1)}
    return _template().render(
        title=_title(sections[0]),
        sections=[section for section in sections if section.tables],
        first=pictures[:1],
        pictures=pictures[1:],
        charts=any(picture.chart for picture in pictures),
        remarks=remarks,
        origins=origins,
        params=params,
        summary=summary,
        anchors=anchors,
        filters=filters(sections[0], summary),
        style=(HERE / "page.css").read_text(),
        script=(HERE / "page.js").read_text(),
    )


def filters(first: Section, summary: Summary) -> dict[str, list[str]]:
    """What there is to choose from: several datasets, networks or mappings."""
    rows: list[Mapping[str, str]] = [shown.about for shown in first.tables]
    rows += [{"mapping": name} for shown in first.tables for name in shown.columns.values()]
    rows += [{name: getattr(row, name) for name in FILTERS} for row in summary.rows]
    found = {
        name: list(dict.fromkeys(row[name] for row in rows if name in row)) for name in FILTERS
    }
    return {name: values for name, values in found.items() if len(values) > 1}


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
    given = {
        "cells": cells, "kinds": kinds, "long": LONG, "low": LOW_IS_BEST, "copies": copies,
        "library": charts.library, "curve_size": (WIDTH, HEIGHT),
    }  # fmt: skip
    return environment.get_template("page.html.jinja", globals=given)


def copies(shown: Table) -> dict[str, str]:
    """The texts that a table is copied as, by the names of their buttons."""
    return {"Markdown": marked_markdown(shown), "LaTeX": latex(shown), "CSV": csv(shown)}


@dataclass(frozen=True)
class Cell:
    """A cell's text, its place in the column (1, 2 or None), and the column's kind (`kinds`)."""

    text: str
    place: int | None
    kind: str
    hint: str | None
    link: str | None
    """The key of the row of trials that it leads to."""
    column: str
    mapping: str | None
    """The mapping that its column is about."""


def cells(shown: Table) -> Iterable[list[Cell]]:
    """The rows of a table, cell by cell."""
    kind = kinds(shown)
    for number, row in enumerate(shown.rows()):
        yield [
            Cell(
                text_of(value), place, kind[name], of_cell(shown.hints, name, number),
                of_cell(shown.links, name, number), name, shown.columns.get(name),
            )
            for name, (value, place) in zip(kind, row, strict=True)
        ]  # fmt: skip


def kinds(shown: Table) -> dict[str, str]:
    """``number``, which is aligned right, or ``text`` for each column.

    A column of text such as ``65.5 ± 0.1`` is one of numbers too.
    """
    return {column.name: _kind(column) for column in shown.cells}


def _kind(column: pl.Series) -> str:
    if column.dtype.is_numeric():
        return "number"
    found = column.cast(pl.String).drop_nulls()
    numbers = found.str.contains(r"^([▲▼] )?[<+-]?[\d,]+(\.\d+)?( ± [\d.]+| \([\d.]+\))?$|^NaN")
    return "number" if len(found) and numbers.all() else "text"
