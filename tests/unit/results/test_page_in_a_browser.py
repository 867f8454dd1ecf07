"""The page with hostile names, as Chromium shows it."""

from pathlib import Path

import pytest

from lorvp.results.page import page
from lorvp.results.tables import Section
from tests.support.browser import chromium
from tests.support.hostile_names import SHOWN, table_with


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


def test_a_browser_shows_the_names_runs_nothing_and_overflows_nowhere(browser, tmp_path: Path):
    shown = table_with(SHOWN)
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
