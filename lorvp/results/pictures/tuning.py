"""Pictures of searches: how good for how much tuning, along each key, and which key matters."""

from __future__ import annotations

from itertools import cycle, islice

import altair as alt
import polars as pl
from altair.typing import ChartType

from lorvp.results.pictures.axes import accuracy_limits
from lorvp.results.pictures.colours import COLOURS, colour_of, shape_of
from lorvp.results.pictures.style import finish

WIDTH, HEIGHT = 250, 190


def best_of_n(table: pl.DataFrame) -> ChartType:
    """A panel for each mapping, a line and a band for each method.

    ``table`` has method, mapping, n, and mean, low and high in percent.
    """
    methods = table["method"].unique(maintain_order=True).to_list()
    low, high = accuracy_limits(table["mean"], table["low"], table["high"])
    scale = alt.Scale(domain=[low, high], nice=False)
    panels = []
    for part in table.partition_by("mapping", maintain_order=True):
        base = alt.Chart(part).encode(
            x=alt.X("n:Q", title="settings tried", axis=alt.Axis(tickMinStep=1, format="d")),
            color=colour_of(methods),
        )
        accuracy = alt.Y("mean:Q", title="best validation accuracy (%)", scale=scale)
        band = alt.Y("low:Q", scale=scale)
        marks = [
            base.mark_area(opacity=0.12, clip=True).encode(y=band, y2="high:Q"),
            base.mark_line(strokeWidth=1.8, clip=True).encode(y=accuracy),
        ]  # fmt: skip
        panels.append(
            alt.LayerChart(layer=marks, width=WIDTH, height=HEIGHT, title=part["mapping"][0])
        )
    return finish(alt.concat(*panels, columns=2, spacing=28))


def along_keys(table: pl.DataFrame) -> ChartType:
    """A panel for each key and mapping, a point for each setting tried, of `along_keys`' table;
    settings that were stopped are hollow."""
    methods = table["method"].unique(maintain_order=True).to_list()
    table = table.with_columns(accuracy=100 * pl.col("val_accuracy"))
    low, high = accuracy_limits(table["accuracy"])
    scale = alt.Scale(domain=[low, high], nice=False, padding=4)
    panels = []
    for part in table.partition_by("key", "mapping", maintain_order=True):
        key, mapping = part["key"][0], part["mapping"][0]
        base = alt.Chart(part).encode(
            x=_axis(key, part),
            y=alt.Y("accuracy:Q", title="validation accuracy (%)", scale=scale),
            color=colour_of(methods),
            shape=shape_of(methods),
        )
        marks = [
            base.transform_filter("!datum.ended").mark_point(size=40, opacity=0.7, clip=True),
            base.transform_filter("datum.ended").mark_point(
                size=55, opacity=1, filled=True, clip=True
            ),
        ]
        title = f"{key}: {mapping}"
        panels.append(alt.LayerChart(layer=marks, width=WIDTH, height=HEIGHT, title=title))
    return finish(alt.concat(*panels, columns=2, spacing=28))


def _axis(key: str, part: pl.DataFrame) -> alt.X:
    if part["number"].null_count():
        return alt.X("value:N", title=key, axis=alt.Axis(labelAngle=0))
    kind = "log" if part["log"][0] else "linear"
    scale = alt.Scale(type=kind, zero=False, nice=False, padding=12)
    axis = alt.Axis(format="~g", grid=False, labelOverlap=True, tickCount=5)
    title = f"{key} (log scale)" if part["log"][0] else key
    return alt.X("number:Q", title=title, scale=scale, axis=axis)


def importances(table: pl.DataFrame) -> ChartType:
    """A row of bars for each method and mapping; ``table`` has row, key and share (0..1)."""
    rows = table["row"].unique(maintain_order=True).to_list()
    keys = table["key"].unique(maintain_order=True).to_list()
    whole = alt.Scale(domain=[0, 100])
    colours = list(islice(cycle(COLOURS), len(keys)))
    chart = (
        alt.Chart(table.with_columns(percent=100 * pl.col("share")))
        .mark_bar()
        .encode(
            x=alt.X("percent:Q", title="share of the spread (%)", stack="zero", scale=whole),
            y=alt.Y("row:N", title=None, sort=rows),
            color=alt.Color("key:N", scale=alt.Scale(domain=keys, range=colours)),
            order=alt.Order("place:Q"),
        )
        .properties(width=2 * WIDTH, height=22 * len(rows))
    )
    return finish(chart)
