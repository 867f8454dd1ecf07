"""The gallery of prompts: image, prompt, placement and prompted image of each method."""

import altair as alt
import polars as pl
from altair.typing import ChartType

from lorvp.results.pictures.style import GREY, MEDIUM, PALE, SMALL, finish
from lorvp.results.pictures.tiles import PromptView, tiles_of

SIDE = 96  # pixels of one picture
COLUMN, ROW = SIDE + 24, SIDE + 28  # pixels of a cell with the text below the picture
COLUMNS = ("image", "prompt", "placement", "prompted image")


BANK = 9
"""The most methods below each other; more of them continue in a bank beside."""


def prompt_gallery(rows: list[PromptView]) -> ChartType:
    """One row per method; there is a column 'placement' if images choose it for some method.

    A label may have several lines, with "|" between them.
    """
    banks = [rows[start : start + BANK] for start in range(0, len(rows), BANK)]
    return finish(alt.hconcat(*map(_bank, banks), spacing=24))


def _bank(rows: list[PromptView]) -> alt.LayerChart:
    tiles = pl.DataFrame([tile for row in rows for tile in tiles_of(row)])
    columns = [name for name in COLUMNS if name in tiles["column"]]
    labels = [row.label for row in rows]
    plain = {"domain": False, "ticks": False, "grid": False, "labelFontSize": MEDIUM}
    across = alt.Axis(orient="top", labelAngle=0, **plain)
    down = alt.Axis(labelExpr="split(datum.label, '|')", labelLineHeight=15, **plain)
    base = alt.Chart(tiles).encode(
        x=alt.X("column:N", sort=columns, title=None, axis=across),
        y=alt.Y("label:N", sort=labels, title=None, axis=down),
    )
    marks = [
        base.mark_image(width=SIDE, height=SIDE).encode(url="url:N"),
        # A frame, since a picture with white edges has no visible edge on white paper.
        base.mark_square(size=SIDE**2, filled=False, stroke=PALE, strokeWidth=1, opacity=1),
        base.mark_text(dy=SIDE / 2 + 9, fontSize=SMALL, color=GREY).encode(text="caption:N"),
    ]
    grid = alt.LayerChart(layer=marks, width=COLUMN * len(columns), height=ROW * len(labels))
    return grid.properties(view=alt.ViewBackground(stroke=None))
