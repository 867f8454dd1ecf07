"""Polars: from finished trials to the tables that a paper prints."""

from lorvp.tables.cells import with_spread
from lorvp.tables.comparison import comparison, metrics, places, shifts
from lorvp.tables.shown import Section, Shown, plain
from lorvp.tables.sweeps import chosen, sweeps
from lorvp.tables.tidy import ROW, aggregate, results
from lorvp.tables.writing import (
    fenced,
    in_markdown,
    latex,
    markdown,
    section_markdown,
    write_csv,
)

__all__ = [
    "ROW",
    "Section",
    "Shown",
    "aggregate",
    "chosen",
    "comparison",
    "fenced",
    "in_markdown",
    "latex",
    "markdown",
    "metrics",
    "places",
    "plain",
    "results",
    "section_markdown",
    "shifts",
    "sweeps",
    "with_spread",
    "write_csv",
]
