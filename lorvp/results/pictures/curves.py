"""Validation accuracy while training, by epochs and by seconds of computing."""

import altair as alt
import polars as pl
from altair.typing import ChartType

from lorvp.results.pictures.style import colour_of, dash_of, finish
from lorvp.results.pictures.summaries import mean_curves

WIDTH, HEIGHT = 260, 200


def learning_curves(history: pl.DataFrame) -> ChartType:
    """One plot per mapping and one line per method, the mean over its seeds, by epoch.

    A dot ends each line, so that a method with a single epoch is visible too.
    """
    return _curves(mean_curves(history), alt.X("epoch:Q", axis=alt.Axis(tickMinStep=1, grid=False)))


def time_to_accuracy(history: pl.DataFrame) -> ChartType:
    """The same lines by the seconds that training computed, also a mean over seeds.

    A dot ends each line: the further left, the sooner the training was over.
    """
    x = alt.X("seconds:Q", title="seconds of computing", axis=alt.Axis(grid=False))
    return _curves(mean_curves(history), x)


def _curves(table: pl.DataFrame, x: alt.X) -> ChartType:
    methods = table["method"].unique(maintain_order=True).to_list()
    mappings = table["mapping"].unique(maintain_order=True).to_list()
    legend = alt.Legend(title=None, symbolType="stroke", symbolSize=500, symbolStrokeWidth=2)
    base = alt.Chart().encode(
        x=x,
        y=alt.Y("accuracy:Q", title="validation accuracy (%)", scale=alt.Scale(zero=False)),
        color=colour_of("method", methods, legend=legend),
    )
    dashes = dash_of("method", methods, legend=legend)
    # In the order of epochs, since time has none of its own where clocks are coarse.
    line = base.mark_line(strokeWidth=1.8).encode(strokeDash=dashes, order="epoch:Q")
    # mark_point and not mark_circle: a filled mark would fill the lines of the legend too.
    dot = base.mark_point(size=6, strokeWidth=3, opacity=1)
    dot = dot.transform_joinaggregate(last="max(epoch)", groupby=["method", "mapping"])
    dot = dot.transform_filter("datum.epoch == datum.last")
    plots = alt.LayerChart(layer=[line, dot], width=WIDTH, height=HEIGHT)
    facet = alt.Facet("mapping:N", sort=mappings, title=None)
    return finish(plots.facet(data=table, facet=facet, columns=2))
