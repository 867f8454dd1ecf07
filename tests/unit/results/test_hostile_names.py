"""Names of classes, methods and datasets with hostile characters are text in every format."""

import re

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from lorvp.results.page import Picture, page
from lorvp.results.tables import Section, Table, latex, markdown, section_markdown
from tests.support.hostile_names import (
    HIDDEN,
    SHOWN,
    Cells,
    is_seen,
    names,
    read_latex,
    read_markdown,
    table_with,
)

OWN_TAGS = {"table", "thead", "tbody", "tr", "th", "td", "strong", "u", "h2", "p"}


def expected(shown: Table) -> list[list[str]]:
    rows = [[str(value) for value in row] for row in shown.cells.iter_rows()]
    return [shown.cells.columns, *rows]


some = st.lists(names, min_size=1, max_size=3)


def with_all(test):
    """Run the test also with each of the known hostile names."""
    for name in SHOWN:
        test = example([name, "b"])(test)
    return test


@with_all
@given(some)
def test_markdown(given_names):
    shown = table_with(given_names)
    read = read_markdown(markdown(shown.cells))
    assert read.rows == expected(shown)
    assert {tag for tag, _ in read.tags} <= OWN_TAGS


@with_all
@given(some)
def test_marks_and_headings_in_markdown(given_names):
    shown = table_with(given_names)
    text = section_markdown(Section("x", "X", [shown, shown], shown.cells, "A note."))
    read = read_markdown(text)
    assert read.rows == expected(shown) * 2
    assert {tag for tag, _ in read.tags} <= OWN_TAGS
    assert [tag for tag, _ in read.tags].count("strong") == 2


@with_all
@given(some)
def test_latex(given_names):
    shown = table_with(given_names)
    lines = latex(Table("", shown.cells)).splitlines()
    rows = [line for line in lines if line.startswith("    ") and line.endswith(r"\\")]
    assert [read_latex(row.strip()) for row in rows] == expected(shown)


@with_all
@given(some)
def test_html(given_names):
    shown = table_with(given_names)
    html = page(
        [Section("comparison", "Comparison", [shown], shown.cells, given_names[0])],
        [],
        given_names,
        [Section("origins", "Origins", [shown], shown.cells, "", given_names[-1])],
        "\n".join(given_names),
    )
    read, plain = Cells(TEMPLATES.sub("", html)), Cells(TEMPLATES.sub("", empty_page()))
    assert read.rows == expected(shown) * 2
    assert {tag for tag, _ in read.tags} <= {tag for tag, _ in plain.tags} | OWN_TAGS | {"span"}
    known = {name for _, attributes in plain.tags for name in attributes} | {"dir"}
    assert {name for _, attributes in read.tags for name in attributes} <= known


TEMPLATES = re.compile(r"<template>[^<]*</template>")
"""Texts to be copied: with no tag in them, however they are named."""


def empty_page() -> str:
    shown = Table("A", pl.DataFrame({"a": ["b"]}))
    section = Section("comparison", "Comparison", [shown], shown.cells, "note")
    return page([section], [], ["c"], [section], "d")


@pytest.mark.parametrize("name", HIDDEN, ids=ascii)
def test_what_cannot_be_read_is_shown_as_its_escape(name, tmp_path):
    """Such names are refused as input, but a table from elsewhere may have them."""
    shown = Table(name, pl.DataFrame({"a": ["b"]}).with_columns(b=pl.lit(1)))
    cells = shown.cells
    if name != "\udc80":  # which polars keeps nowhere
        cells = pl.DataFrame({"a": [name], name: ["c"]})
        shown = Table(name, cells)
    section = Section("comparison", "C", [shown, shown], cells, "")
    Image.new("RGB", (2, 2)).save(tmp_path / "x.png")
    texts = [latex(shown), section_markdown(section),
             page([section], [Picture(tmp_path / "x.png", "a", "b")], [], [], "")]  # fmt: skip
    for text in texts:
        assert all(is_seen(line) for line in text.split("\n"))
        assert any(f"{backslash}{escape_of(name)}" in text for backslash in BACKSLASHES)


BACKSLASHES = ("\\", "\\\\", r"\textbackslash{}")
"""In HTML, Markdown and LaTeX."""


def escape_of(name: str) -> str:
    """The first escape of a name, without its backslash."""
    character = next(c for c in name if not is_seen(c) or c == chr(0x2028))
    return "x80" if character == "\udc80" else ascii(character)[2:-1]
