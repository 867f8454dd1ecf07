"""The page as HTML: escaped names, nothing loaded from elsewhere, and accessible structure."""

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise

import polars as pl
import pytest
from PIL import Image

from lorvp.results.page import Picture, Summary, page
from lorvp.results.page.rows import OfSeed, Row
from lorvp.results.tables import Section, Table
from lorvp.results.tables.takeaways import Takeaway

EVIL = '<script>alert("x")</script>'


class Reader(HTMLParser):
    """Tags with their attributes, in order, and the text that is no script or style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.tags and self.tags[-1][0] not in ("script", "style"):
            self.text.append(data)

    def all(self, *names: str) -> list[dict]:
        return [attributes for tag, attributes in self.tags if tag in names]


@pytest.fixture
def html(tmp_path) -> str:
    Image.new("RGB", (40, 20)).save(tmp_path / "picture.png")
    cells = pl.DataFrame({"method": [EVIL, "b"], "test %": ["1.0 ± 0.1", None], "n": [1234, 5]})
    about = {"dataset": EVIL, "network": "net"}
    row = Row(EVIL, "net", EVIL, EVIL, [OfSeed(0, 1.0, 2.0, "f", EVIL)], EVIL, [1.0, 2.0])
    table = Table(
        f"A & {EVIL}", cells, pl.DataFrame({"test %": [1, None]}), about=about,
        hints=pl.DataFrame({"n": [EVIL, None]}), columns={"test %": EVIL},
        links=pl.DataFrame({"method": [row.key, "nowhere"]}),
    )  # fmt: skip
    return page(
        [Section("comparison", "Comparison", [table], cells, EVIL),
         Section("none", "Nothing", [], cells, "", EVIL)],
        [Picture(tmp_path / "picture.png", EVIL, EVIL)],
        [EVIL],
        [Section("environment", "Environment", [table], cells, "")],
        f"datasets: {EVIL}",
        Summary([EVIL], [Takeaway(EVIL, about)], [row, replace(row, mapping="ilm")]),
    )  # fmt: skip


def test_names_are_text_and_no_code(html):
    assert EVIL not in html
    assert html.count("<script>") == 1
    # Names between tags; those in attributes, and in templates, whose text is no part of the page.
    assert html.count("&lt;script&gt;") > 30
    assert EVIL not in "".join(re.findall(r'="([^"]*)"', html))


def test_nothing_comes_from_elsewhere(html):
    page = Reader(html)
    links = [tag.get("src") or tag.get("href") for tag in page.all("img", "a", "link", "script")]
    assert {link.partition(":")[0] for link in links if link and link[0] != "#"} == {"data"}
    assert not re.search(r"https?://|url\(|@import", html)
    policy = next(tag for tag in page.all("meta") if "http-equiv" in tag)
    assert policy["content"].startswith("default-src 'none'")


def test_headings_are_in_order_and_links_lead_somewhere(html):
    page = Reader(html)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for a in page.all("a")} <= set(ids)
    labels = [attributes.get("aria-labelledby") for _, attributes in page.tags]
    assert {label for label in labels if label} <= set(ids)


def test_tables_have_headers_and_pictures_words(html):
    page = Reader(html)
    assert page.all("html") == [{"lang": "en"}]
    assert "Nothing" not in html, "a section without tables is left out"
    assert len(page.all("caption")) == len(page.all("table")) == 2
    assert [th["scope"] for th in page.all("th")] == (["col"] * 3 + ["row"] * 2) * 2
    image = page.all("img")[0]
    assert image["alt"] == f"{EVIL}. {EVIL}"
    assert (image["width"], image["height"]) == ("20", "10")
    boxes = [box for box in page.all("div") if "box" in box.get("class", "")]
    assert len(boxes) == 4
    assert all(box["tabindex"] == "0" for box in boxes)


def test_numbers_marks_and_what_is_missing(html):
    texts = re.findall(r"<td[^>]*>(.*?)</td>", html)
    assert texts == ["<strong>1.0 ± 0.1</strong>", "1,234", "–", "5"] * 2
    assert html.count('<td class="number"') == 8


def test_a_cell_leads_to_its_trials_and_one_without_leads_nowhere(html):
    page = Reader(html)
    links = [a["href"] for a in page.all("a") if a["href"].startswith("#row-")]
    assert links == ["#row-1"] * 2, "of two tables"
    details = page.all("details")
    assert [one["id"] for one in details] == ["row-1", "row-2"]
    assert (details[0]["data-mapping"], details[1]["data-mapping"]) == (EVIL, "ilm")


def test_there_is_a_filter_for_what_there_is_to_choose_from(html):
    page = Reader(html)
    assert [select["name"] for select in page.all("select")] == ["mapping"]
    assert [option["value"] for option in page.all("option")] == ["", EVIL, "ilm"]


def test_a_table_is_copied_as_markdown_latex_and_csv(html):
    texts = [unescape(text) for text in re.findall(r"<template>(.*?)</template>", html, re.DOTALL)]
    assert len(texts) == 6
    markdown, latex, csv = texts[:3]
    assert markdown.startswith("| method")
    assert "**1.0 ± 0.1**" in markdown
    assert latex.startswith(r"\begin{table}")
    assert csv.splitlines()[0] == "method,test %,n"


def channel(value: int) -> float:
    share = value / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def contrast(one: str, other: str) -> float:
    """By WCAG 2.2, from colours such as #666."""
    lights = []
    for colour in (one, other):
        digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
        rgb = [channel(int(digits[i : i + 2], 16)) for i in (0, 2, 4)]
        lights.append(0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)


LOOK = re.compile(r"--(\w[\w-]*): (#\w+)")
INKS, PAPERS = ("ink", "soft", "link", "mark"), ("paper", "head", "hover", "warn")


@pytest.mark.parametrize("dark", [False, True])
def test_colours_of_text_can_be_read(html, dark):
    style = html.partition("<style>")[2].partition("</style>")[0]
    light, _, other = style.partition("prefers-color-scheme: dark")
    assert other
    colours = dict(LOOK.findall(other if dark else light))
    assert all(contrast(colours[i], colours[p]) >= 4.5 for i in INKS for p in PAPERS)
