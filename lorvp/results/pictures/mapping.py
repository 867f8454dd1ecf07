"""The label mapping made visible: which source class stands for each target class."""

import textwrap
from collections import Counter
from collections.abc import Iterable

import altair as alt
import polars as pl
from altair.typing import ChartType

from lorvp.results.pictures.style import PALE, SMALL, finish
from lorvp.results.pictures.summaries import most_chosen

BANK = 10  # targets side by side; the others go into further banks below
CELL_WIDTH, CELL_HEIGHT, LINE = 67, 48, 13  # pixels
LETTERS, LINES = 11, 3  # what fits into a cell
WORDS = "split(datum.label, /[ _]/)"  # a target's name with a line for each word


def mapping_heatmap(counts: pl.DataFrame) -> ChartType:
    """A cell per method and target class: the source class chosen by most seeds.

    The colour is the share of the seeds that chose it.
    """
    table = most_chosen(counts)
    short = shortened(counts["source"].unique())
    lines = [cell_lines([short[name] for name in row]) for row in table["sources"]]
    table = table.with_columns(lines=pl.Series(lines))
    targets = table["target"].unique(maintain_order=True).to_list()
    banks = [targets[start : start + BANK] for start in range(0, len(targets), BANK)]
    return finish(alt.vconcat(*[grid(table, bank) for bank in banks], spacing=16))


def shortened(names: Iterable[str]) -> dict[str, str]:
    """Of a name with synonyms, such as ImageNet's 'tench, Tinca tinca', the first, unless another
    begins with the same ('maillot, tank suit' and 'maillot')."""
    first = {name: name.split(",")[0] for name in names}
    taken = Counter(first.values())
    return {name: short if taken[short] == 1 else name for name, short in first.items()}


def cell_lines(sources: list[str]) -> list[str]:
    """The first name, in lines that fit a cell, and how many others tied with it."""
    tied = [f"or {len(sources) - 1} other{'s' * (len(sources) > 2)}"] * (len(sources) > 1)
    lines = textwrap.wrap(sources[0], LETTERS, break_long_words=False)
    room = LINES - len(tied)
    if len(lines) > room:
        lines[room - 1] += "…"
    return lines[:room] + tied


def grid(table: pl.DataFrame, targets: list[str]) -> alt.LayerChart:
    """Methods down, some of the targets across."""
    methods = table["method"].unique(maintain_order=True).to_list()
    plain = {"domain": False, "ticks": False, "grid": False, "labelPadding": 6}
    across = alt.Axis(labelAngle=0, labelLimit=CELL_WIDTH - 4, labelExpr=WORDS, **plain)
    base = alt.Chart(table.filter(pl.col("target").is_in(targets))).encode(
        x=alt.X("target:N", sort=targets, title="target class", axis=across),
        y=alt.Y("method:N", sort=methods, title=None, axis=alt.Axis(**plain)),
    )
    # Lines of text go down from their place, so the first is moved up by half of what follows.
    up = alt.expr(f"-{LINE} / 2 * (length(datum.lines) - 1)")
    text = base.mark_text(fontSize=SMALL, lineHeight=LINE, baseline="middle", dy=up,
                          limit=CELL_WIDTH - 2)  # fmt: skip
    cell = base.mark_rect(stroke="white", strokeWidth=2).encode(color=agreement(table["share"]))
    return alt.LayerChart(
        layer=[cell, text.encode(text="lines:N")],
        width=CELL_WIDTH * len(targets),
        height=CELL_HEIGHT * len(methods),
    )


def agreement(share: pl.Series) -> alt.Color:
    """White to light blue, on which black text stays readable; a legend entry for each share."""
    scale = alt.Scale(domain=[0, 1], range=["#FFFFFF", "#56B4E9"], interpolate="rgb")
    legend = alt.Legend(
        title="share of seeds that chose it", orient="bottom", direction="horizontal",
        type="symbol", symbolType="square", symbolSize=250, symbolStrokeColor=PALE,
        values=share.unique().sort().to_list(), format=".0%",
    )  # fmt: skip
    return alt.Color("share:Q", scale=scale, legend=legend)
