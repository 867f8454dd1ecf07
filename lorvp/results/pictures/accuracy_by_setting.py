"""Accuracy along a setting that was swept, such as a rank or a learning rate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import altair as alt
import polars as pl
from altair.typing import ChartType

from lorvp.files.whole import canonical
from lorvp.results.pictures.axes import accuracy_limits
from lorvp.results.pictures.colours import colour_of, shape_of
from lorvp.results.pictures.style import MEDIUM, finish
from lorvp.results.pictures.summaries import spread_phrase
from lorvp.results.tables.acting import NO_DIFFERENCE
from lorvp.results.tables.tidy import GROUP, aggregate

WIDTH, HEIGHT = 180, 170
WIDE = 8
"""The axis is logarithmic where the largest value is this many times the smallest."""


def swept(results: pl.DataFrame) -> pl.DataFrame:
    """A row for each value of each numeric setting that a method was tried with several values of.

    ``results`` are of one dataset and network. Columns: panel (method and setting), family,
    mapping, value, mean, low, high (percent), seeds, line. Where several settings were swept, the
    others have the values that validation likes best. ``line`` is equal for rows that differ in
    this setting alone: only these may be joined.
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
            best = group.with_columns(
                value=fields[name].cast(pl.Float64),
                line=pl.Series([_other_settings(text, name) for text in group["settings"]]),
            ).drop_nulls("value")
            best = best.sort("val_mean", descending=True, maintain_order=True)
            mean, std = 100 * pl.col("mean"), 100 * pl.col("std")
            chosen = best.unique("value", keep="first", maintain_order=True).sort("value")
            shown = chosen.select(
                "family",
                "method",
                "mapping",
                "value",
                "seeds",
                "line",
                mean=mean,
                low=mean - std,
                high=mean + std,
            )
            panel = f"{group['family'][0]}: {name}"
            yield from shown.select(pl.lit(panel).alias("panel"), pl.all()).to_dicts()


def _other_settings(text: str, name: str) -> str:
    """The settings of method and training without this one, as text."""
    trial = json.loads(text)
    kept = [_without(trial[part], name) for part in ("method", "training")]
    return canonical(kept).decode()


def _without(settings: dict[str, Any], name: str) -> dict[str, Any]:
    return {
        key: _without(value, name) if isinstance(value, dict) else value
        for key, value in settings.items()
        if key != name and key not in NO_DIFFERENCE
    }


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
    """A panel for each method, setting and mapping, of `swept`'s table.

    A line joins points that differ in the setting alone.
    """
    families = table["family"].unique(maintain_order=True).to_list()
    parts = table.partition_by("panel", "mapping", maintain_order=True)
    note = f"test accuracy, {spread_phrase(table['seeds'])}"
    title = alt.Title(note, fontSize=MEDIUM, fontWeight="normal", offset=12)
    panels = [_panel(part, families) for part in parts]
    return finish(alt.concat(*panels, columns=3, spacing=28, title=title))


def _panel(part: pl.DataFrame, families: list[str]) -> alt.LayerChart:
    low, high = accuracy_limits(part["mean"], part["low"], part["high"])
    # Padding, so that no point lies on the frame.
    scale = alt.Scale(domain=[low, high], nice=False, padding=4)
    method, _, setting = part["panel"][0].rpartition(": ")
    base = alt.Chart(part).encode(
        x=_axis(setting, part["value"]),
        y=alt.Y("mean:Q", title="test accuracy (%)", scale=scale),
        color=colour_of(families, "family", legend=None),
    )
    told = [
        alt.Tooltip("method:N"), alt.Tooltip("mapping:N"), alt.Tooltip("value:Q", title=setting),
        alt.Tooltip("mean:Q", format=".1f", title="test %"),
    ]  # fmt: skip
    marks = [
        base.mark_line(strokeWidth=1.6).encode(detail="line:N"),
        base.mark_rule(strokeWidth=1.6, clip=True).encode(y="low:Q", y2="high:Q"),
        base.mark_point(filled=True, size=60, opacity=1).encode(
            shape=shape_of(families, "family", legend=None), tooltip=told
        ),
    ]
    title = f"{method}, {part['mapping'][0]}"
    return alt.LayerChart(layer=marks, width=WIDTH, height=HEIGHT, title=title)


def _axis(name: str, values: pl.Series) -> alt.X:
    """An axis with ticks at the values that were tried, and no others."""
    ticks = values.unique().sort().to_list()
    log = ticks[0] > 0 and ticks[-1] >= WIDE * ticks[0]
    scale = alt.Scale(type="log" if log else "linear", zero=False, nice=False, padding=16)
    axis = alt.Axis(values=ticks, grid=False, format="~g", labelOverlap=True)
    return alt.X("value:Q", title=f"{name} (log scale)" if log else name, scale=scale, axis=axis)
