"""The confusion matrix."""

from __future__ import annotations

import altair as alt
import polars as pl
from altair.typing import ChartType

from lorvp.results.pictures.style import PALE, SMALL, finish

CELL, FINE = 36, 480  # pixels of a cell with a number; of a matrix without numbers
FEW, MANY = 15, 60  # classes up to which cells have numbers, and up to which axes have names


def confusion(counts: pl.DataFrame, names: list[str], title: str) -> ChartType:
    """True classes down, answers across; ``counts`` has columns true, predicted (names), images.

    The colour is the share of the true class's images, so that small classes are seen as well.
    """
    table = counts.with_columns(share=pl.col("images") / pl.col("images").sum().over("true"))
    few, many = len(names) <= FEW, len(names) > MANY
    across, down = (
        alt.Axis(labels=not many, ticks=False, domain=False, grid=False, labelAngle=angle)
        for angle in (-40, 0)
    )
    every = alt.Scale(domain=names)
    base = alt.Chart(table).encode(
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
    side = CELL * len(names) if few else FINE
    grid = alt.LayerChart(layer=marks, width=side, height=side, title=title)
    return finish(grid.properties(view=alt.ViewBackground(stroke=PALE)))
