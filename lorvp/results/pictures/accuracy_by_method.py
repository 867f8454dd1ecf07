"""Test accuracy by method: the comparison as a picture."""

import altair as alt
import polars as pl
from altair.typing import ChartType

from lorvp.results.pictures.axes import accuracy_limits
from lorvp.results.pictures.style import colour_of, finish, shape_of
from lorvp.results.pictures.summaries import named, over_seeds, spread_phrase

LANE = 12  # pixels for one mapping of one method
WIDTH = 560  # pixels of one plot, or of two side by side


def accuracy_by_method(results: pl.DataFrame) -> ChartType:
    """One plot per dataset and network, with a lane for each mapping of each method.

    Lanes have points with the spread over seeds. Bars would mislead by their length, since the axis
    does not start at zero.
    """
    table = rows(results)
    pairs = table["pair"].unique(maintain_order=True).to_list()
    if len(pairs) == 1:
        return finish(layers(table, WIDTH).properties(data=table, title=pairs[0]))
    facet = alt.Facet("pair:N", sort=pairs, title=None)
    plots = layers(table, WIDTH // 2)
    return finish(plots.facet(data=table, facet=facet, columns=2, spacing=32))


def rows(results: pl.DataFrame) -> pl.DataFrame:
    """The rows of `over_seeds`, then one for each seed with its accuracy in percent.

    Both are in one table, since Vega-Lite facets only one. A row has null in the columns of the
    other kind, and marks without a position are not drawn.
    """
    seeds = named(results).with_columns(seed_accuracy=100 * pl.col("test_accuracy"))
    columns = ("dataset", "network", "method", "mapping", "seed_accuracy")
    both = pl.concat([over_seeds(results), seeds.select(columns)], how="diagonal")
    return both.with_columns(pair=pl.format("{}, {}", "dataset", "network"))


def layers(table: pl.DataFrame, width: int) -> alt.LayerChart:
    """Faint dots for seeds, above them the interval, above it the mean."""
    methods = table["method"].unique(maintain_order=True).to_list()
    mappings = table["mapping"].unique(maintain_order=True).to_list()
    title = f"test accuracy (%), {spread_phrase(table['seeds'].drop_nulls())}"
    limits = accuracy_limits(table["low"], table["high"], table["seed_accuracy"])
    place = {"title": title, "scale": alt.Scale(domain=list(limits), nice=False)}
    base = alt.Chart().encode(
        y=lane(methods),
        yOffset=alt.YOffset("mapping:N", sort=mappings, scale=alt.Scale(paddingOuter=1)),
        color=colour_of("mapping", mappings),
    )
    marks = [
        base.mark_circle(size=24, opacity=0.4).encode(x=alt.X("seed_accuracy:Q", **place)),
        base.mark_rule(strokeWidth=1.6, clip=True).encode(x=alt.X("low:Q", **place), x2="high:Q"),
        base.mark_point(filled=True, size=50, opacity=1).encode(
            x=alt.X("mean:Q", **place), shape=shape_of("mapping", mappings)
        ),
    ]
    height = LANE * len(methods) * (len(mappings) + 1)
    return alt.LayerChart(layer=marks, width=width, height=height)


def lane(methods: list[str]) -> alt.Y:
    """Methods from top to bottom, with grid lines between them and not through them."""
    axis = alt.Axis(grid=True, tickBand="extent", ticks=False, labelPadding=6)
    return alt.Y("method:N", sort=methods, title=None, axis=axis, scale=alt.Scale(padding=0))
