"""The page of the first run in a real browser, where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.pipeline.first_run import FirstRun

CUT = """all => all
    .filter(e => e.checkVisibility() && e.clientWidth && e.scrollWidth > e.clientWidth + 1)
    .map(e => e.tagName + ' ' + e.textContent.trim().slice(0, 80))"""
"""Elements whose content is wider than they are."""
WINDOWS = {
    "desk": {"viewport": {"width": 1400, "height": 900}},
    "phone": {"viewport": {"width": 390, "height": 844}},
    "dark": {"viewport": {"width": 1400, "height": 900}, "color_scheme": "dark"},
}


@contextmanager
def opened(first: FirstRun, browser, window: str) -> Iterator:
    """The page from disk; nothing may be said on the console, and nothing asked of elsewhere."""
    address = (first.project.tables / "report.html").as_uri()
    said, asked = [], []
    context = browser.new_context(**WINDOWS[window])
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.locator(".overview .drawn svg").wait_for()
    yield page
    assert said == []
    assert [url for url in asked if not url.startswith(("data:", f"{address}#"))] == [address]
    context.close()


@pytest.mark.parametrize("window", WINDOWS)
def test_nothing_is_cut_and_the_first_picture_is_on_the_first_screen(first, browser, window):
    size = WINDOWS[window]["viewport"]
    with opened(first, browser, window) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        words = "p, li, h1, h2, h3, th, td, summary, code, figcaption"
        boxes = "" if window == "phone" else ", .box:not(#none)"
        assert page.eval_on_selector_all(words + boxes, CUT) == []
        assert page.locator(".overview .drawn").bounding_box()["y"] < size["height"]
        for source in page.locator("script.chart").all():
            source.locator("xpath=..").scroll_into_view_if_needed()
            source.locator("xpath=..").locator(".drawn svg").first.wait_for(state="attached")
        charts = page.locator("script.chart").count()
        assert charts >= 5
        assert page.locator("script.chart + img, img:has(+ script.chart)").count() == 0


def test_names_of_rows_stay_in_sight_on_a_phone(first: FirstRun, browser):
    with opened(first, browser, "phone") as page:
        box = page.locator("section", has=page.locator("#details")).locator(".box")
        name = box.locator("tbody th").first
        box.scroll_into_view_if_needed()
        before = name.bounding_box()["x"]
        assert box.evaluate("box => { box.scrollLeft = 300; return box.scrollLeft; }") == 300
        assert name.bounding_box()["x"] == pytest.approx(before, abs=1)


def test_it_is_dark_where_the_reader_wants_it_so(first: FirstRun, browser):
    colours = {}
    for window in ("desk", "dark"):
        with opened(first, browser, window) as page:
            look = "getComputedStyle(document.body)"
            colours[window] = page.evaluate(f"[{look}.backgroundColor, {look}.color]")
    assert colours["desk"] == ["rgb(255, 255, 255)", "rgb(26, 26, 26)"]
    assert colours["dark"] == ["rgb(22, 24, 27)", "rgb(232, 232, 232)"]


def test_a_click_puts_the_best_on_top(first: FirstRun, browser):
    """The fewest values, the highest accuracy; a second click, also by the keyboard, turns."""
    with opened(first, browser, "desk") as page:
        table = page.locator("section", has=page.locator("#details")).locator("table")

        def column(name: str) -> list[float]:
            place = table.locator("thead th", has_text=name).evaluate("cell => cell.cellIndex + 1")
            texts = table.locator(f"tbody tr > :nth-child({place})").all_inner_texts()
            return [float(text.split(" ")[0].replace(",", "")) for text in texts]

        for name, down in {"trained values": False, "test %": True}.items():
            head, before = table.locator("thead th", has_text=name), column(name)
            head.locator("button").click()
            assert column(name) == sorted(before, reverse=down)
            assert head.get_attribute("aria-sort") == ("descending" if down else "ascending")
            head.locator("button").press("Enter")
            assert column(name) == sorted(before, reverse=not down) != sorted(before, reverse=down)
            assert head.get_attribute("aria-sort") == ("ascending" if down else "descending")


def test_a_filter_leaves_what_is_about_its_mapping(first: FirstRun, browser):
    with opened(first, browser, "desk") as page:

        def seen(selector: str) -> list[str]:
            every = page.locator(selector).all()
            return [one.inner_text().strip() for one in every if one.is_visible()]

        details = "section:has(#details) tbody tr td:nth-child(2)"
        heads = "section:has(#comparison) thead th"
        before = {"details": seen(details), "heads": seen(heads), "rows": seen("details.row")}
        page.select_option("select[name=mapping]", "lp")
        assert before["details"] == ["ilm", "lp"] * 2
        assert seen(details) == ["lp"] * 2
        assert [name for name in before["heads"] if name not in seen(heads)] == ["ilm ↕"] or len(
            before["heads"]
        ) == len(seen(heads)) + 1
        assert len(seen("section:has(#tests) table")) == 1
        assert len(seen("details.row")) == len(before["rows"]) / 2
        assert all(text.startswith("lp: ") for text in seen("section:has(#takeaways) li")[:1])
        page.select_option("select[name=mapping]", "")
        assert seen("details.row") == before["rows"]


def test_a_cell_leads_to_its_trials_and_to_the_command_that_predicts_with_it(
    first: FirstRun, browser
):
    with opened(first, browser, "desk") as page:
        link = page.locator("section:has(#comparison) tbody td a").first
        accuracy, mapping = link.inner_text(), "ilm"
        method = page.locator("section:has(#comparison) tbody th").first.inner_text()
        link.click()
        row = page.locator("details.row[open]")
        row.wait_for()  # the browser tells the page of the new address later
        assert row.count() == 1
        assert row.locator("summary").inner_text().startswith(f"{method} · {mapping} · digits")
        text = row.inner_text()
        commands = row.locator("code.command").all_inner_texts()
        found = {command.split("/")[-1].removesuffix(" IMAGE") for command in commands}
        assert len(found) == 2
        for trial in found:
            record = first.project.trials()[trial]
            assert record["name"].startswith(f"{method} · {mapping} · digits · seed ")
            assert f"test {100 * record['summary']['test_accuracy']:.1f} %" in text
        mean = sum(first.project.trials()[one]["summary"]["test_accuracy"] for one in found) / 2
        assert abs(100 * mean - float(accuracy.split(" ")[0])) < 0.0501
        assert (
            row.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)")
            > 0
        )
        assert row.locator("polyline").count() == 1
        assert "kind: ilm" in row.locator("pre").inner_text()


def test_every_link_leads_somewhere_and_every_copy_has_the_table(first: FirstRun, browser):
    with opened(first, browser, "desk") as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        lost = """all => all.map(a => a.getAttribute('href').slice(1))
            .filter(id => !document.getElementById(id))"""
        assert page.eval_on_selector_all("a", lost) == []
        part = page.locator("section:has(#comparison) .table")
        copied = {}
        for name in ("Markdown", "LaTeX", "CSV"):
            part.get_by_role("button", name=name).click()
            page.wait_for_timeout(100)
            copied[name] = page.evaluate("navigator.clipboard.readText()")
        tables = first.project.tables
        assert copied["Markdown"].strip() in (tables / "comparison.md").read_text()
        assert copied["LaTeX"].strip() in (tables / "numbers/comparison.tex").read_text()
        assert copied["CSV"].startswith("method,ilm,lp (+970),")


def test_a_chart_tells_its_numbers(first: FirstRun, browser):
    with opened(first, browser, "desk") as page:
        # Seeds are drawn below means, so the last points are means.
        page.locator(".overview .drawn path[aria-roledescription=point]").last.hover()
        tooltip = page.locator(".vg-tooltip.visible")
        tooltip.wait_for()
        assert {"method", "mapping", "test %", "trained values"} <= set(
            tooltip.inner_text().replace("\t", "\n").split("\n")
        )
