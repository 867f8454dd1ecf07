"""The confusion matrix."""

from __future__ import annotations

import altair as alt
import polars as pl
from altair.typing import ChartType

from lorvp.results.pictures.style import PALE, SMALL, finish

CELL, FINE = 36, 480  # pixels of a cell with a number; of a matrix without numbers
WIDE, LETTER = 84, 7  # pixels of the widest cell, and of a letter of a name below it
FEW, MANY = 15, 60  # classes up to which cells have numbers, and up to which axes have names


def confusion(counts: pl.DataFrame, names: list[str], title: str) -> ChartType:
    """True classes down, answers across; ``counts`` has columns true, predicted (names), images.

    The colour is the share of the true class's images, so that small classes are seen as well.
    """
    table = counts.with_columns(share=pl.col("images") / pl.col("images").sum().over("true"))
    few, many = len(names) <= FEW, len(names) > MANY
    cell = min(WIDE, max(CELL, LETTER * max(map(len, names)))) if few else FINE // len(names)
    down = _axis(not many, labelAngle=0)
    # Upright below cells that are wide enough; the many names of narrow ones are turned.
    across = _axis(not many, labelAngle=0, labelLimit=cell) if few else _axis(not many)
    every = alt.Scale(domain=names)
    told = [
        alt.Tooltip("true:N", title="true class"), alt.Tooltip("predicted:N", title="answer"),
        alt.Tooltip("images:Q", format=","), alt.Tooltip("share:Q", format=".1%"),
    ]  # fmt: skip
    base = alt.Chart(table).encode(
        tooltip=told,
        x=alt.X("predicted:N", sort=names, title="answer", axis=across, scale=every),
        y=alt.Y("true:N", sort=names, title="true class", axis=down, scale=every),
    )
    scale = alt.Scale(domain=[0, 1], range=["#FFFFFF", "#56B4E9", "#08306B"], interpolate="rgb")
    legend = alt.Legend(title=["share of the", "true class"], format=".0%")
    cells = base.mark_rect().encode(color=alt.Color("share:Q", scale=scale, legend=legend))
    marks: list[alt.Chart] = [cells]
    if few:
        ink = alt.condition("datum.share > 0.6", alt.value("white"), alt.value("black"))
        marks.append(base.mark_text(fontSize=SMALL).encode(text="images:Q", color=ink))
    width, height = (cell * len(names), CELL * len(names)) if few else (FINE, FINE)
    grid = alt.LayerChart(layer=marks, width=width, height=height, title=title)
    return finish(grid.properties(view=alt.ViewBackground(stroke=PALE)))


def _axis(labels: bool, **options) -> alt.Axis:
    return alt.Axis(labels=labels, ticks=False, domain=False, grid=False, **options)
