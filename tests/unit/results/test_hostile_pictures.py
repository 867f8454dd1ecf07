"""Names in pictures are text, and none is so long that it makes a picture of its own."""

from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest
from PIL import Image

from lorvp.results.pictures import Example, confusion, examples, mapping_heatmap
from lorvp.results.pictures.style import OF_EVERY_OBJECT, as_png, save
from tests.support.hostile_names import SHOWN

SVG = "{http://www.w3.org/2000/svg}"
SHORT = [name for name in SHOWN if len(name) < 20]


@pytest.fixture
def drawn(tmp_path):
    """All text of a chart's SVG and the size of its PNG; no name has become a tag."""
    return lambda chart: read(chart, tmp_path / "picture.svg")


def read(chart, path) -> tuple[str, tuple[int, int]]:
    save(chart, path)
    root = ElementTree.parse(path).getroot()
    known = {"svg", "rect", "g", "path", "text", "line", "defs", "clipPath", "linearGradient",
             "stop", "image", "title", "style", "tspan", "pattern"}  # fmt: skip
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= known
    assert not [name for element in root.iter() for name in element.attrib if name[:2] == "on"]
    with Image.open(as_png(chart)) as picture:
        return "\n".join(root.itertext()), picture.size


def confused(names: list[str]) -> pl.DataFrame:
    rows = [{"true": name, "predicted": names[0], "images": 3} for name in names]
    return pl.DataFrame(rows)


def test_a_confusion_matrix_names_each_class(drawn):
    text, _ = drawn(confusion(confused(SHORT), SHORT, "<script>"))
    words = text.replace("\u2060", "").split("\n")  # a mark of no width
    assert [name for name in SHORT if words.count(name) < 2] == []


def test_long_names_end_in_an_ellipsis(drawn):
    names = ["x" * 300, "y" * 300, "word " * 60 + "end"]
    _, (width, height) = drawn(confusion(confused(names), names, "z" * 300))
    assert max(width, height) < 2 * 1300


def test_a_mapping_of_evil_names_is_drawn(drawn):
    counts = pl.DataFrame(
        {"target": target, "source": source, "chosen": 2, "of": 3, "method": "full"}
        for target, source in zip(SHOWN, reversed(SHOWN), strict=True)
    )
    text, (width, _) = drawn(mapping_heatmap(counts))
    assert "constructor" in text
    assert width < 2 * 1000


def test_names_of_javascript_are_drawn(drawn):
    names = sorted(OF_EVERY_OBJECT)
    text, _ = drawn(confusion(confused(names), names, "toString"))
    assert all(text.count(name[:9]) >= 2 for name in names)


def test_examples_of_evil_names_are_drawn(drawn):
    image = np.zeros((8, 8, 3))
    found = [Example(name, image, image, name, name, 0.5) for name in ("<b>", "x" * 300, "a&b")]
    text, _ = drawn(examples(found, "a"))
    assert "true: <b>" in text
