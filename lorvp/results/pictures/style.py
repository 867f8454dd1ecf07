"""The common look of all pictures: colours, shapes and fonts; and how they become files."""

from io import BytesIO
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert
from altair.typing import ChartType
from PIL import Image

# Okabe and Ito, https://jfly.uni-koeln.de/color/, without the yellow, which is lost on white paper.
# Neighbours in this order also differ in lightness, so that they differ in a grey print.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000")
# One more shape than colours: 7 x 8 pairs before one repeats.
SHAPES = (
    "circle", "square", "triangle-up", "diamond",
    "triangle-down", "cross", "triangle-left", "triangle-right",
)  # fmt: skip
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])
GREY, PALE = "#666666", "#CCCCCC"

# vl-convert carries Liberation Sans, which has the widths of Arial: the same layout everywhere.
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
SMALL, MEDIUM, LARGE = 11, 12, 13
WIDEST = 320  # pixels of a name beside an axis; a longer one ends in an ellipsis
DPI = 192  # twice a screen's 96, so that a page shows a PNG in the size of its SVG

OF_EVERY_OBJECT = frozenset({
    "constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString",
    "toString", "valueOf", "__defineGetter__", "__defineSetter__", "__lookupGetter__",
    "__lookupSetter__", "__proto__",
})  # fmt: skip
"""Properties of every object in JavaScript. Vega fails at a class or method with such a name."""

LOOK: dict[str, Any] = {
    "background": "white",
    "font": FONT,
    "padding": 8,
    "axis": {
        "labelFontSize": SMALL,
        "labelFlush": False,
        "labelLimit": WIDEST,
        "titleFontSize": MEDIUM,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "domainColor": GREY,
        "tickColor": GREY,
        "gridColor": "#EBEBEB",
    },
    "legend": {
        "labelFontSize": SMALL,
        "labelLimit": WIDEST,
        "titleFontSize": MEDIUM,
        "titleFontWeight": "normal",
        "symbolOpacity": 1,
    },
    "header": {"labelFontSize": LARGE, "labelFontWeight": "bold", "labelLimit": 2 * WIDEST},
    "title": {"fontSize": LARGE, "anchor": "middle", "limit": 2 * WIDEST},
    "view": {"stroke": PALE},
}


def colour_of(field: str, names: list[str], **options) -> alt.Color:
    """A colour for each name, in the order of ``names``, which is also the legend's."""
    colours = list(islice(cycle(COLOURS), len(names)))
    return alt.Color(f"{field}:N", scale=alt.Scale(domain=names, range=colours), **options)


def shape_of(field: str, names: list[str], **options) -> alt.Shape:
    """A shape for each name; it shares one legend with `colour_of` of the same names."""
    shapes = list(islice(cycle(SHAPES), len(names)))
    return alt.Shape(f"{field}:N", scale=alt.Scale(domain=names, range=shapes), **options)


def dash_of(field: str, names: list[str], **options) -> alt.StrokeDash:
    """A dash pattern for each name: 4 patterns and 7 colours make 28 pairs before one repeats."""
    dashes = list(islice(cycle(DASHES), len(names)))
    return alt.StrokeDash(f"{field}:N", scale=alt.Scale(domain=names, range=dashes), **options)


def finish(chart: ChartType) -> ChartType:
    """The chart with the common look. Altair allows this once, on the outermost chart."""
    return chart.configure(**LOOK)


def save(chart: ChartType, path: str | Path) -> None:
    """Write an SVG, or a PNG of twice the size, which is sharp in print: by the suffix of path.

    Raises:
        ValueError: the suffix is another.
    """
    if Path(path).suffix not in {".png", ".svg"}:
        raise ValueError(f"pictures are written as .png or .svg, not as {path}")
    if Path(path).suffix == ".png":
        write_png(as_png(chart), path)
    else:
        Path(path).write_text(vl_convert.vegalite_to_svg(specification(chart)), encoding="utf-8")


def as_png(chart: ChartType) -> BytesIO:
    """The chart drawn as a PNG, quickly and with weak compression."""
    return BytesIO(vl_convert.vegalite_to_png(specification(chart), scale=2, ppi=72))


def write_png(drawn: BytesIO, path: str | Path) -> None:
    """Write a drawn PNG with the strongest compression, which takes longer than drawing it."""
    with Image.open(drawn, formats=["PNG"]) as picture:
        smaller = picture.convert("RGB")  # nothing is transparent: the background is white
    smaller.save(path, optimize=True, dpi=(DPI, DPI))


def specification(chart: ChartType) -> dict[str, Any]:
    """The chart as Vega-Lite's JSON.

    Altair refuses tables of more than 5000 rows, a limit meant for notebooks; it is lifted here,
    because the learning curves of a full grid are longer.
    """
    with alt.data_transformers.enable("default", max_rows=None):
        return _without_javascript(chart.to_dict())


def _without_javascript(part: Any) -> Any:
    """Put an invisible word joiner behind each text that is a property of JavaScript's objects."""
    if isinstance(part, dict):
        return {key: _without_javascript(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_without_javascript(value) for value in part]
    return f"{part}\u2060" if isinstance(part, str) and part in OF_EVERY_OBJECT else part
