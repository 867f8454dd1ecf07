"""Test accuracy against the number of trained values, the price of the accuracy."""

from __future__ import annotations

import altair as alt
import polars as pl
from altair.typing import ChartType

from lorvp.results.pictures.axes import accuracy_limits, log_axis, spread, without_the_far
from lorvp.results.pictures.colours import colour_of, shape_of
from lorvp.results.pictures.style import GREY, MEDIUM, SMALL, finish
from lorvp.results.pictures.summaries import over_seeds, spread_phrase

WIDTH, HEIGHT = 210, 220
LINE = 14  # pixels from one name to the next
LEADER = "#B0B0B0"
FRONT = "dashed: the Pareto front"


def accuracy_by_values(results: pl.DataFrame) -> ChartType:
    """One panel per mapping, dataset and network, each with the axes that its methods need.

    A dashed line joins the Pareto front: of the methods that were trained alike, those that no
    other beats with as few values or fewer. A method far below the others stands at the lower edge.

    The names are beside the plot and not at the points, since points lie too close together for
    names that do not overlap.
    """
    table = over_seeds(results)
    every = table["method"].unique(maintain_order=True).to_list()
    parts = table.partition_by("dataset", "network", "mapping", maintain_order=True)
    height = max(HEIGHT, LINE * max(len(part) for part in parts))
    panels = [panel(part, table, every, height) for part in parts]
    note = f"test accuracy against trained values, {spread_phrase(table['seeds'])}; {FRONT}"
    title = alt.Title(note, fontSize=MEDIUM, fontWeight="normal", offset=12)
    return finish(alt.concat(*panels, columns=2, spacing=24, title=title))


def panel(part: pl.DataFrame, table: pl.DataFrame, every: list[str], height: int) -> alt.LayerChart:
    """The points of one mapping with their intervals, and a thin line from each to its name."""
    near = without_the_far(part["mean"])
    seen = part.filter(pl.col("mean") >= near.min())
    low, high = accuracy_limits(near, seen["low"], seen["high"])
    gap = LINE * (high - low) / height
    far = pl.format("{}: {}", "method", pl.col("mean").round(1))
    part = part.with_columns(
        at=pl.col("mean").clip(low, high),
        label=pl.when(pl.col("mean") < low).then(far).otherwise(pl.col("method")),
    )
    part = part.with_columns(name_at=spread(part["at"].to_numpy(), gap, low, high))
    scale = alt.Scale(domain=[low, high], nice=False)
    y = alt.Y("at:Q", title="test accuracy (%)", scale=scale)
    x = log_axis("trained_values", "trained values (log scale)", part["trained_values"])
    base = alt.Chart(part).encode(x=x, y=y, color=colour_of(every, legend=None))
    told = [
        alt.Tooltip("method:N"), alt.Tooltip("mapping:N"),
        alt.Tooltip("mean:Q", format=".1f", title="test %"),
        alt.Tooltip("std:Q", format=".1f", title="± std"),
        alt.Tooltip("trained_values:Q", format=",", title="trained values"),
    ]  # fmt: skip
    marks = [
        front_line(part, x, y),
        *names(base),
        base.mark_rule(strokeWidth=1.6, clip=True).encode(y="low:Q", y2="high:Q"),
        base.mark_point(filled=True, size=60, opacity=1).encode(
            shape=shape_of(every, legend=None), tooltip=told
        ),
    ]
    return alt.LayerChart(layer=marks, width=WIDTH, height=height, title=title_of(part, table))


def front(part: pl.DataFrame) -> pl.DataFrame:
    """The methods that are better than all others with as few trained values or fewer."""
    order = part.drop_nans("mean").sort("trained_values", -pl.col("mean"), maintain_order=True)
    best_before = pl.col("mean").cum_max().shift(1)
    return order.filter(best_before.is_null() | (pl.col("mean") > best_before))


def front_line(part: pl.DataFrame, x: alt.X, y: alt.Y) -> alt.Chart:
    """The front as a line of steps, since more values gain nothing up to its next method. Only
    methods that were trained as most are joined."""
    alike = part.filter("as_usual")
    line = alt.Chart(front(alike)).mark_line(interpolate="step-after", strokeDash=[4, 3])
    return line.encode(x=x, y=y, color=alt.value(GREY), strokeWidth=alt.value(1.2))


def names(base: alt.Chart) -> tuple[alt.Chart, alt.Chart]:
    """The names in a column right of the plot, and the lines that lead there."""
    leader = base.mark_rule(strokeWidth=0.7).encode(
        y2="name_at:Q", x2=alt.value(WIDTH + 6), color=alt.value(LEADER)
    )
    text = base.mark_text(align="left", fontSize=SMALL).encode(
        x=alt.value(WIDTH + 9), y="name_at:Q", text="label:N", color=alt.value("black")
    )
    return leader, text


def title_of(part: pl.DataFrame, table: pl.DataFrame) -> str:
    """The mapping; with its dataset and network where the table has more than one pair."""
    dataset, network, mapping = part.select("dataset", "network", "mapping").row(0)
    several = table.n_unique(["dataset", "network"]) > 1
    return f"{dataset}, {network}: {mapping}" if several else mapping
