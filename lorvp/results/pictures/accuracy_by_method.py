"""Test accuracy by method: the comparison as a picture."""

from __future__ import annotations

import altair as alt
import polars as pl
from altair.typing import ChartType

from lorvp.results.pictures.axes import accuracy_limits, without_the_far
from lorvp.results.pictures.colours import colour_of, shape_of
from lorvp.results.pictures.style import GREY, MEDIUM, SMALL, finish
from lorvp.results.pictures.summaries import named, over_seeds, spread_phrase

LANE = 20  # pixels of a method
WIDTH = 170  # pixels of a panel
ACROSS = 3  # panels side by side


def accuracy_by_method(results: pl.DataFrame) -> ChartType:
    """A panel for each dataset, network and mapping, with a lane for each method.

    Lanes have points with the spread over seeds. Bars would mislead by their length, since no axis
    starts at zero: each panel has the axis that its methods need, and a method far below the others
    stands at its left edge with its number.
    """
    table = rows(results)
    methods = table["method"].unique(maintain_order=True).to_list()
    seeds = table["seeds"].drop_nulls()
    note = f"test accuracy (%), {spread_phrase(seeds)}"
    title = alt.Title(note, fontSize=MEDIUM, fontWeight="normal", offset=12)
    pairs = table.partition_by("pair", maintain_order=True)
    rowed = [_row(part, methods, len(pairs) > 1) for part in pairs]
    return finish(alt.vconcat(*rowed, spacing=24, title=title))


def _row(part: pl.DataFrame, methods: list[str], several: bool) -> alt.ConcatChart:
    """The panels of one dataset and network; names stand where the panel to the left has others."""
    parts = part.partition_by("mapping", maintain_order=True)
    there = [set(one["method"]) for one in parts]
    panels = [
        _panel(one, methods, at % ACROSS == 0 or there[at] != there[at - 1])
        for at, one in enumerate(parts)
    ]
    drawn = alt.concat(*panels, columns=ACROSS, spacing=14)
    return drawn.properties(title=part["pair"][0]) if several else drawn


def rows(results: pl.DataFrame) -> pl.DataFrame:
    """The rows of `over_seeds`, then one for each seed with its accuracy in percent.

    A row has null in the columns of the other kind, and marks without a position are not drawn.
    """
    seeds = named(results).with_columns(seed_accuracy=100 * pl.col("test_accuracy"))
    columns = ("dataset", "network", "method", "mapping", "seed", "seed_accuracy")
    both = pl.concat([over_seeds(results), seeds.select(columns)], how="diagonal")
    return both.with_columns(pair=pl.format("{}, {}", "dataset", "network"))


def _panel(part: pl.DataFrame, every: list[str], names: bool) -> alt.LayerChart:
    """Faint dots for seeds, above them the interval, above it the mean."""
    near = without_the_far(part["mean"])
    kept = part.filter(pl.col("mean").is_null() | (pl.col("mean") >= near.min()))
    there = set(kept["method"].filter(kept["mean"].is_not_null()))
    seen = part.filter(pl.col("method").is_in(there))
    low, high = accuracy_limits(near, seen["low"], seen["high"], seen["seed_accuracy"])
    methods = [name for name in every if name in set(part["method"])]
    part = part.with_columns(
        far=pl.when(pl.col("mean") < near.min()).then(pl.format("◂ {}", pl.col("mean").round(1)))
    )
    place = {"title": None, "scale": alt.Scale(domain=[low, high], nice=False)}
    base = alt.Chart(part).encode(y=lane(methods, names), color=colour_of(every, legend=None))
    shape = shape_of(every, legend=None)
    told = [
        alt.Tooltip("method:N"), alt.Tooltip("mapping:N"),
        alt.Tooltip("mean:Q", format=".1f", title="test %"),
        alt.Tooltip("std:Q", format=".1f", title="± std"), alt.Tooltip("seeds:Q"),
        alt.Tooltip("trained_values:Q", format=",", title="trained values"),
    ]  # fmt: skip
    of_seed = [
        alt.Tooltip("method:N"), alt.Tooltip("seed:Q"),
        alt.Tooltip("seed_accuracy:Q", format=".1f", title="test %"),
    ]  # fmt: skip
    marks = [
        base.mark_circle(size=24, opacity=0.4, clip=True).encode(
            x=alt.X("seed_accuracy:Q", **place), tooltip=of_seed
        ),
        base.mark_rule(strokeWidth=1.6, clip=True).encode(x=alt.X("low:Q", **place), x2="high:Q"),
        base.mark_point(filled=True, size=55, opacity=1, clip=True).encode(
            x=alt.X("mean:Q", **place), shape=shape, tooltip=told
        ),
        base.transform_filter("isValid(datum.far)")
        .mark_text(align="left", dx=2, fontSize=SMALL)
        .encode(x=alt.datum(low, **place), text="far:N", color=alt.value(GREY), tooltip=told),
    ]
    title = part["mapping"][0]
    return alt.LayerChart(layer=marks, width=WIDTH, height=LANE * len(methods), title=title)


def lane(methods: list[str], names: bool) -> alt.Y:
    """Methods from top to bottom, with grid lines between them and not through them."""
    axis = alt.Axis(grid=True, tickBand="extent", ticks=False, labelPadding=6, labels=names)
    return alt.Y("method:N", sort=methods, title=None, axis=axis, scale=alt.Scale(padding=0))
