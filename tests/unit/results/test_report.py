"""The page as HTML: what is escaped, what is there for those who do not see it, what stays out."""

import re
from html.parser import HTMLParser
from itertools import pairwise

import polars as pl
import pytest
from PIL import Image

from lorvp.results.page import Picture, page
from lorvp.results.page.remarks import Facts, remarks
from lorvp.results.tables import Section, Table, results
from tests.support.records import TWO_BY_TWO, record

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
    table = Table(f"A & {EVIL}", cells, pl.DataFrame({"test %": [1, None]}))
    return page(
        [Section("comparison", "Comparison", [table], cells, EVIL),
         Section("none", "Nothing", [], cells, "", EVIL)],
        [Picture(tmp_path / "picture.png", EVIL, EVIL)],
        [EVIL],
        [Section("environment", "Environment", [table], cells, "")],
        f"datasets: {EVIL}",
    )  # fmt: skip


def test_names_are_text_and_no_code(html):
    assert EVIL not in html
    assert html.count("<script>") == 1
    assert html.count("&lt;script&gt;") == 14


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
    assert len(page.all("caption")) == len(page.all("table")) == 2
    assert [th["scope"] for th in page.all("th")] == (["col"] * 3 + ["row"] * 2) * 2
    (image,) = page.all("img")
    assert image["alt"] == f"{EVIL}. {EVIL}"
    assert (image["width"], image["height"]) == ("20", "10")
    assert all(box["tabindex"] == "0" for box in page.all("div"))


def test_numbers_marks_and_what_is_missing(html):
    assert '<td class="number"><strong>1.0 ± 0.1</strong></td>' in html
    assert '<td class="number">–</td>' in html
    assert '<td class="number">1,234</td>' in html


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


def test_colours_of_text_can_be_read(html):
    style = html.partition("<style>")[2].partition("</style>")[0]
    inks = set(re.findall(r"[;{ ]color: (#\w+)", style))
    papers = set(re.findall(r"background: (#\w+)", style))
    assert len(inks) >= 4
    assert all(contrast(ink, paper) >= 4.5 for ink in inks for paper in papers)


def test_remarks():
    rows = [*TWO_BY_TWO, record("full", "fm", 0, float("nan"))]
    twins = ["a and b name the same trials."]
    assert remarks(Facts(results(rows), {"digits": 0, "photos": 3}, known=twins)) == [
        "All 9 trials of the grid have a result; a table is made of no fewer.",
        "Fewer than 3 seeds: lor_vp r=4 ilm; lor_vp r=4 lp; full ilm; full fm.",
        *twins,
        "Not in the grid for digits, net: lor_vp r=4 fm.",
        "The accuracy is no number: full fm.",
        "The accuracy at the best test epoch, which many papers print, was not asked for "
        "(training.test_every_epoch).",
        "photos: 3 files could not be read and were left out.",
    ]


def test_prompts_that_never_reached_the_network_are_remarked_on():
    rows = [
        record("full", "ilm", seed, 0.5, prompt_linf=linf)
        for seed, linf in enumerate([0.0, 1e-30, 0.0, None])
    ]
    rows += [record("full", "lp", seed, 0.5, prompt_linf=0.0, training="lr=1") for seed in (3, 4)]
    rows += [record("lor_vp r=4", "lp", seed, 0.5, prompt_linf=0.0) for seed in range(4)]
    for _, facts in rows[-4:]:  # as a method without a prompt: only the mapping trains
        facts["summary"]["trained_values"] = facts["summary"]["mapping_values"]
    said = "the prompt changed no pixel of any test image; the result is that of the network "
    found = [line for line in remarks(Facts(results(rows), {})) if said in line]
    assert [line.partition(":")[0] for line in found] == [
        "full with ilm on digits, net, seeds 0, 2",
        "full lr=1 with lp on digits, net, seeds 3, 4",
    ]


def test_methods_inside_the_network_alone_have_no_norm_and_no_remark():
    rows = [record("full", "ilm", 0, 0.5, prompt_linf=None)]
    assert not [line for line in remarks(Facts(results(rows), {})) if "no pixel" in line]
