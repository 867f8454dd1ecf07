"""Names in pictures are text, and none is so long that it makes a picture of its own."""

import io
from xml.etree import ElementTree

import numpy as np
import polars as pl
from picture_samples import TRAINED
from PIL import Image
from unit.hostile import SHOWN

from lorvp.pictures import Example, confusion, examples, mapping_heatmap
from lorvp.pictures.style import as_png

SVG = "{http://www.w3.org/2000/svg}"
SHORT = [name for name in SHOWN if len(name) < 20]


def drawn(chart) -> tuple[str, tuple[int, int]]:
    """All text of the SVG, none of whose tags is of ours, and the size of the PNG."""
    out = io.StringIO()
    chart.save(out, format="svg")
    root = ElementTree.fromstring(out.getvalue())
    known = {"svg", "rect", "g", "path", "text", "line", "defs", "clipPath", "linearGradient",
             "stop", "image", "title", "style", "tspan", "pattern"}  # fmt: skip
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= known
    assert not [name for element in root.iter() for name in element.attrib if name[:2] == "on"]
    with Image.open(as_png(chart)) as picture:
        return "\n".join(root.itertext()), picture.size


def confused(names: list[str]) -> pl.DataFrame:
    rows = [{"true": name, "predicted": names[0], "images": 3} for name in names]
    return pl.DataFrame(rows)


def test_a_confusion_matrix_names_each_class():
    text, _ = drawn(confusion(confused(SHORT), SHORT, "<script>"))
    words = text.split("\n")
    assert [name for name in SHORT if words.count(name) < 2] == []


def test_long_names_end_in_an_ellipsis():
    names = ["x" * 300, "y" * 300, "word " * 60 + "end"]
    _, (width, height) = drawn(confusion(confused(names), names, "z" * 300))
    assert max(width, height) < 2 * 1300


def test_a_mapping_of_evil_names_is_drawn():
    counts = pl.DataFrame(
        {"target": target, "source": source, "chosen": 2, "of": 3, "method": list(TRAINED)[0]}
        for target, source in zip(SHOWN, reversed(SHOWN), strict=True)
    )
    text, (width, _) = drawn(mapping_heatmap(counts))
    assert "constructor" in text
    assert width < 2 * 1000


def test_examples_of_evil_names_are_drawn():
    image = np.zeros((8, 8, 3))
    found = [Example(name, image, image, name, name, 0.5) for name in ("<b>", "x" * 300, "a&b")]
    text, _ = drawn(examples(found, "a"))
    assert "true: <b>" in text
