"""The page of the first run in a real browser, where there is one."""

from __future__ import annotations

from tests.pipeline.first_run import FirstRun


def check_sorting(page) -> None:
    """A head's button sorts up, then down, also by the keyboard, and numbers as numbers."""
    table = page.locator("section", has=page.locator("#details")).locator("table")
    head = table.locator("thead th", has_text="trained values")

    def column() -> list[int]:
        place = head.evaluate("cell => cell.cellIndex + 1")
        texts = table.locator(f"tbody tr > :nth-child({place})").all_inner_texts()
        return [int(text.replace(",", "")) for text in texts]

    before = column()
    head.locator("button").click()
    assert column() == sorted(before) != sorted(before, reverse=True)
    assert head.get_attribute("aria-sort") == "ascending"
    head.locator("button").press("Enter")
    assert column() == sorted(before, reverse=True)
    assert head.get_attribute("aria-sort") == "descending"


def test_the_page_works_from_disk_on_a_desk_and_on_a_phone(first: FirstRun, browser):
    address = (first.project.tables / "report.html").as_uri()
    said, asked = [], []
    page = browser.new_page(viewport={"width": 375, "height": 800})
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    for width in (375, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [address]
    check_sorting(page)
    page.close()
