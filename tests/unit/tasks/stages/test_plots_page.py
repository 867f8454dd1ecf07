"""The page of `dvc plots show` in a real browser without a network, where there is one."""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path

import pytest
from dvc_render import render_html
from dvc_render.vega import VegaRenderer

from lorvp.results.page.charts import library
from tests.support.browser import chromium

DVC = Path(__file__).parents[4] / ".dvc"


@pytest.fixture(scope="module")
def page():
    with chromium() as browser:
        yield browser.new_page()


def drawn(project: Path) -> Path:
    """The page as DVC writes it, of made-up points."""
    config = ConfigParser()
    config.read(DVC / "config")
    points = [{"x": 1, "y": 2, "rev": "workspace"}, {"x": 2, "y": 3, "rev": "workspace"}]
    plot = VegaRenderer(points, "points", x="x", y="y", template="scatter")
    file = project / "dvc_plots/index.html"
    render_html([plot], file, DVC / config["plots"]["html_template"])
    return file


def opened(page, file: Path) -> list[str]:
    """Open a file, and give what it asks of a network, which answers nothing."""
    asked: list[str] = []
    page.unroute_all()
    page.route("http*://**/*", lambda route: (asked.append(route.request.url), route.abort()))
    page.goto(file.as_uri())
    return asked


def test_charts_are_drawn_without_a_network(page, tmp_path: Path):
    (tmp_path / "data/tables").mkdir(parents=True)
    (tmp_path / "data/tables/vega.js").write_text(library())
    asked = opened(page, drawn(tmp_path))
    page.locator("canvas, svg.marks").wait_for()
    assert asked == []


def test_without_the_tables_scripts_it_asks_for_those_of_dvc(page, tmp_path: Path):
    asked = opened(page, drawn(tmp_path))
    assert [url.split("@")[0] for url in asked] == [
        f"https://cdn.jsdelivr.net/npm/{name}" for name in ("vega", "vega-lite", "vega-embed")
    ]
