"""The common look of all pictures: sizes and fonts; and how they become files."""

from io import BytesIO
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert
from altair.typing import ChartType
from PIL import Image

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
