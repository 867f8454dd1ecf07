"""Validation accuracy while training, by epochs and by seconds of computing."""

from __future__ import annotations

import altair as alt
import polars as pl
from altair.typing import ChartType

from lorvp.results.pictures.colours import colour_of, dash_of
from lorvp.results.pictures.style import PALE, finish
from lorvp.results.pictures.summaries import mean_curves

WIDTH, HEIGHT = 210, 200
MANY = 8
"""The most methods that have a colour each."""


def learning_curves(history: pl.DataFrame) -> ChartType:
    """One plot per mapping and one line per method, the mean over its seeds, by epoch, in a band of
    one standard deviation.

    A dot ends each line, so that a method with a single epoch is visible too. Of more than `MANY`
    methods the best are coloured and the others grey.
    """
    axis = alt.Axis(tickMinStep=1, grid=False)
    return _curves(mean_curves(history), alt.X("epoch:Q", axis=axis))


def time_to_accuracy(history: pl.DataFrame) -> ChartType:
    """The same lines by the seconds that training computed, also a mean over seeds.

    A dot ends each line: the further left, the sooner the training was over.
    """
    x = alt.X("seconds:Q", title="seconds of computing", axis=alt.Axis(grid=False))
    return _curves(mean_curves(history), x)


def best_methods(table: pl.DataFrame) -> list[str]:
    """The methods that are coloured: all of a few, else those with the best end in any mapping."""
    methods = table["method"].unique(maintain_order=True).to_list()
    if len(methods) <= MANY:
        return methods
    ends = table.group_by("method", "mapping", maintain_order=True).last()
    order = ends.sort(pl.col("accuracy").fill_nan(-1.0), descending=True, maintain_order=True)
    best = set(order["method"].unique(maintain_order=True)[:MANY])
    return [name for name in methods if name in best]


def _curves(table: pl.DataFrame, x: alt.X) -> ChartType:
    best = best_methods(table)
    last = pl.col("epoch") == pl.col("epoch").max().over("method", "mapping")
    table = table.with_columns(ends=last, named=pl.col("method").is_in(best))
    panels = [_panel(part, best, x) for part in table.partition_by("mapping", maintain_order=True)]
    return finish(alt.concat(*panels, columns=2, spacing=24))


def _panel(part: pl.DataFrame, best: list[str], x: alt.X) -> alt.LayerChart:
    legend = alt.Legend(title=None, symbolType="stroke", symbolSize=500, symbolStrokeWidth=2)
    scale = alt.Scale(zero=False)
    accuracy = alt.Y("accuracy:Q", title="validation accuracy (%)", scale=scale)
    told = [
        alt.Tooltip("method:N"), alt.Tooltip("mapping:N"), alt.Tooltip("epoch:Q"),
        alt.Tooltip("accuracy:Q", format=".1f", title="validation %"),
        alt.Tooltip("seconds:Q", format=".1f"),
    ]  # fmt: skip
    others, shown = (alt.Chart(part.filter(flag)) for flag in (~pl.col("named"), pl.col("named")))
    colour = colour_of(best, legend=legend)
    marks: list[alt.Chart] = [
        # In the order of epochs, since time has none of its own where clocks are coarse.
        others.mark_line(strokeWidth=1).encode(
            x=x, y=accuracy, detail="method:N", order="epoch:Q", color=alt.value(PALE)
        ),
        shown.mark_area(opacity=0.12).encode(
            x=x, y=alt.Y("low:Q", scale=scale), y2="high:Q", color=colour
        ),
        shown.mark_line(strokeWidth=1.8).encode(
            x=x, y=accuracy, color=colour, strokeDash=dash_of(best, legend=legend), order="epoch:Q"
        ),
        # mark_point and not mark_circle: a filled mark would fill the lines of the legend too.
        shown.transform_filter("datum.ends")
        .mark_point(size=6, strokeWidth=3, opacity=1)
        .encode(x=x, y=accuracy, color=colour),
        shown.mark_point(size=60, opacity=0).encode(x=x, y=accuracy, color=colour, tooltip=told),
    ]
    kept = marks if part["named"].not_().any() else marks[1:]
    return alt.LayerChart(layer=kept, width=WIDTH, height=HEIGHT, title=part["mapping"][0])
