"""Accuracy along a setting that was swept, such as a rank or a learning rate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import altair as alt
import polars as pl
from altair.typing import ChartType

from lorvp.results.pictures.axes import accuracy_limits
from lorvp.results.pictures.style import MEDIUM, colour_of, finish, shape_of
from lorvp.results.pictures.summaries import spread_phrase
from lorvp.results.tables.tidy import GROUP, aggregate

WIDTH, HEIGHT = 250, 190
WIDE = 8
"""The axis is logarithmic where the largest value is this many times the smallest."""


def swept(results: pl.DataFrame) -> pl.DataFrame:
    """A row for each value of each numeric setting that a method was tried with several values of.

    ``results`` are of one dataset and network. Columns: panel (method and setting), mapping,
    value, mean, low, high (percent), seeds. Where several settings were swept, the others have the
    values that validation likes best.
    """
    settings = results.group_by(GROUP, maintain_order=True).first()
    cells = aggregate(results).with_columns(
        settings=settings["settings"], family=pl.col("method").str.split(" ").list.first()
    )
    rows = [
        row
        for group in cells.partition_by("family", "mapping", maintain_order=True)
        for row in _along(group)
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def _along(group: pl.DataFrame) -> Iterator[dict]:
    fields = pl.DataFrame([dict(_numbers(json.loads(text))) for text in group["settings"]])
    for name in fields.columns:
        if fields[name].drop_nulls().n_unique() > 1:
            best = group.with_columns(value=fields[name].cast(pl.Float64)).drop_nulls("value")
            best = best.sort("val_mean", descending=True, maintain_order=True)
            mean, std = 100 * pl.col("mean"), 100 * pl.col("std")
            chosen = best.unique("value", keep="first", maintain_order=True).sort("value")
            shown = chosen.select(
                "mapping", "value", "seeds", mean=mean, low=mean - std, high=mean + std
            )
            panel = f"{group['family'][0]}: {name}"
            yield from shown.select(pl.lit(panel).alias("panel"), pl.all()).to_dicts()


def _numbers(trial: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Name and value of each number in the settings of method and training."""
    for part in (trial["method"], trial["training"]):
        yield from _inside(part)


def _inside(settings: dict[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _inside(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield name, value


def accuracy_by_setting(table: pl.DataFrame) -> ChartType:
    """A panel for each method and setting, a line for each mapping, of `swept`'s table."""
    mappings = table["mapping"].unique(maintain_order=True).to_list()
    parts = table.partition_by("panel", maintain_order=True)
    note = f"test accuracy, {spread_phrase(table['seeds'])}"
    title = alt.Title(note, fontSize=MEDIUM, fontWeight="normal", offset=12)
    panels = [_panel(part, mappings) for part in parts]
    return finish(alt.concat(*panels, columns=2, spacing=28, title=title))


def _panel(part: pl.DataFrame, mappings: list[str]) -> alt.LayerChart:
    low, high = accuracy_limits(part["mean"], part["low"], part["high"])
    # Padding, so that no point lies on the frame.
    scale = alt.Scale(domain=[low, high], nice=False, padding=4)
    title = part["panel"][0]
    base = alt.Chart(part).encode(
        x=_axis(title.rpartition(": ")[2], part["value"]),
        y=alt.Y("mean:Q", title="test accuracy (%)", scale=scale),
        color=colour_of("mapping", mappings),
    )
    marks = [
        base.mark_line(strokeWidth=1.6),
        base.mark_rule(strokeWidth=1.6, clip=True).encode(y="low:Q", y2="high:Q"),
        base.mark_point(filled=True, size=60, opacity=1).encode(
            shape=shape_of("mapping", mappings)
        ),
    ]
    return alt.LayerChart(layer=marks, width=WIDTH, height=HEIGHT, title=title)


def _axis(name: str, values: pl.Series) -> alt.X:
    """An axis with ticks at the values that were tried, and no others."""
    ticks = values.unique().sort().to_list()
    log = ticks[0] > 0 and ticks[-1] >= WIDE * ticks[0]
    scale = alt.Scale(type="log" if log else "linear", zero=False, nice=False, padding=16)
    axis = alt.Axis(values=ticks, grid=False, format="~g", labelOverlap=True)
    return alt.X("value:Q", title=f"{name} (log scale)" if log else name, scale=scale, axis=axis)
