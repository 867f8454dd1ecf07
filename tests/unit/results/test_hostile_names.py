"""Names of classes, methods and datasets are text in every format, whatever is in them."""

import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from lorvp.results.page import Picture, page
from lorvp.results.tables import Section, Table, latex, markdown, section_markdown, write_csv
from tests.support.hostile_names import (
    HIDDEN,
    SHOWN,
    Cells,
    is_seen,
    names,
    read_latex,
    read_markdown,
)

OWN_TAGS = {"table", "thead", "tbody", "tr", "th", "td", "strong", "u", "h2", "p"}


def shown_with(names: list[str]) -> Table:
    """Names as rows, as columns and as the title; the first two columns have marks."""
    columns = [name for name in dict.fromkeys(names) if name != "n"]
    cells = pl.DataFrame(dict.fromkeys(columns, names) | {"n": range(len(names))})
    first = [1, *[None] * (len(names) - 1)]
    return Table(names[0], cells, pl.DataFrame({columns[0]: first}))


def expected(shown: Table) -> list[list[str]]:
    rows = [[str(value) for value in row] for row in shown.cells.iter_rows()]
    return [shown.cells.columns, *rows]


some = st.lists(names, min_size=1, max_size=3)


def with_all(test):
    """Also with each of the names that are known to be evil."""
    for name in SHOWN:
        test = example([name, "b"])(test)
    return test


@with_all
@given(some)
def test_markdown(given_names):
    shown = shown_with(given_names)
    read = read_markdown(markdown(shown.cells))
    assert read.rows == expected(shown)
    assert {tag for tag, _ in read.tags} <= OWN_TAGS


@with_all
@given(some)
def test_marks_and_headings_in_markdown(given_names):
    shown = shown_with(given_names)
    text = section_markdown(Section("x", "X", [shown, shown], shown.cells, "A note."))
    read = read_markdown(text)
    assert read.rows == expected(shown) * 2
    assert {tag for tag, _ in read.tags} <= OWN_TAGS
    assert [tag for tag, _ in read.tags].count("strong") == 2


@with_all
@given(some)
def test_latex(given_names):
    shown = shown_with(given_names)
    lines = latex(Table("", shown.cells)).splitlines()
    rows = [line for line in lines if line.startswith("    ") and line.endswith(r"\\")]
    assert [read_latex(row.strip()) for row in rows] == expected(shown)


@with_all
@given(some)
def test_html(given_names):
    shown = shown_with(given_names)
    html = page(
        [Section("comparison", "Comparison", [shown], shown.cells, given_names[0])],
        [],
        given_names,
        [Section("origins", "Origins", [shown], shown.cells, "", given_names[-1])],
        "\n".join(given_names),
    )
    read, plain = Cells(html), Cells(empty_page())
    assert read.rows == expected(shown) * 2
    assert {tag for tag, _ in read.tags} <= {tag for tag, _ in plain.tags} | OWN_TAGS | {"span"}
    known = {name for _, attributes in plain.tags for name in attributes} | {"dir"}
    assert {name for _, attributes in read.tags for name in attributes} <= known


def empty_page() -> str:
    shown = Table("A", pl.DataFrame({"a": ["b"]}))
    section = Section("comparison", "Comparison", [shown], shown.cells, "note")
    return page([section], [], ["c"], [section], "d")


FORMULAS = ["=SUM(A1)", "@SUM(1)", "-2+3+cmd|' /C calc'!A0", "+cmd|x!A0", "=1+1", "＝SUM(A1)",
            "\t=1+1", "\r=1+1", '=HYPERLINK("http://x")', "=\n1"]  # fmt: skip
HARMLESS = ["-", "+", "=", "@", "+1", "-1.5", "-3.0 %", "1-2", "a=b", "- ", "'=1", ""]


def test_a_spreadsheet_finds_no_formula_and_parquet_has_the_names(tmp_path):
    names = [*FORMULAS, *HARMLESS, *SHOWN, None]
    table = pl.DataFrame({"class": names, "n": range(len(names))})
    write_csv(table, tmp_path / "x.csv")
    found = pl.read_csv(tmp_path / "x.csv")
    assert found.columns == table.columns
    read = dict(zip(table["class"], found["class"], strict=True))
    for name in FORMULAS:
        assert read[name] == "'" + name
    for name in HARMLESS:
        assert read[name] == name
    assert {name for name in SHOWN if read[name] != name} == {"=SUM(A1)", "-2+3", "@SUM(1)"}
    assert found["n"].to_list() == table["n"].to_list()


@given(st.lists(names, min_size=1, max_size=5))
def test_a_csv_is_read_back(tmp_path_factory, given_names):
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    write_csv(pl.DataFrame({"class": given_names}), path)
    for name, found in zip(
        given_names, pl.read_csv(path, infer_schema=False)["class"], strict=True
    ):
        assert found.removeprefix("'") == name.removeprefix("'")
        assert not re.match(r"[=@＝＠].|[+\-＋－].*[A-Za-z(|!]", found), "a formula"


@pytest.mark.parametrize("name", HIDDEN, ids=ascii)
def test_what_cannot_be_read_is_shown_by_its_number(name, tmp_path):
    """Such names are refused; yet a table of somebody else's may have them."""
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
        assert f"U+{next(ord(c) for c in name if not is_seen(c) or c in chr(0x2028)):04X}" in text


@pytest.fixture(scope="module")
def browser():
    import shutil

    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if found is None:
        pytest.skip("no Chromium is installed")
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def test_a_browser_shows_the_names_runs_nothing_and_overflows_nowhere(browser, tmp_path: Path):
    shown = shown_with(SHOWN)
    section = Section("comparison", "Comparison", [shown], shown.cells, SHOWN[0])
    path = tmp_path / "report.html"
    path.write_text(page([section], [], SHOWN, [], "\n".join(SHOWN)))
    said, view = [], browser.new_page()
    view.on("console", lambda message: said.append(message.text))
    view.on("pageerror", lambda error: said.append(str(error)))
    view.on("dialog", lambda dialog: (said.append("dialog"), dialog.dismiss()))
    view.goto(path.as_uri())
    for width in (375, 1280):
        view.set_viewport_size({"width": width, "height": 800})
        assert view.evaluate("document.documentElement.scrollWidth") <= width
    assert said == []
    texts = view.eval_on_selector_all(
        "tbody tr > :first-child", "all => all.map(e => e.textContent)"
    )
    assert texts == SHOWN
    heads = view.eval_on_selector_all("thead th", "all => all.map(e => e.textContent)")
    assert heads == shown.cells.columns
    widths = view.eval_on_selector_all("td, th", "all => all.map(e => e.clientWidth)")
    assert max(widths) < 800, "what is long is in lines"
    view.close()
