"""From finished trials to the tables that a paper prints, with Polars."""

from lorvp.results.tables.cells import with_spread
from lorvp.results.tables.comparison import comparison, metrics, places, shifts
from lorvp.results.tables.formats import (
    fenced,
    in_markdown,
    latex,
    markdown,
    section_markdown,
    write_csv,
)
from lorvp.results.tables.sweeps import chosen, sweeps
from lorvp.results.tables.table import Section, Table
from lorvp.results.tables.tidy import ROW, aggregate, results

__all__ = [
    "ROW",
    "Section",
    "Table",
    "aggregate",
    "chosen",
    "comparison",
    "fenced",
    "in_markdown",
    "latex",
    "markdown",
    "metrics",
    "places",
    "results",
    "section_markdown",
    "shifts",
    "sweeps",
    "with_spread",
    "write_csv",
]
