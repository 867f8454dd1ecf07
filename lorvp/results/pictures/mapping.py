"""The label mapping: which source class stands for each target class."""

import textwrap
from collections import Counter
from collections.abc import Iterable

import altair as alt
import polars as pl
from altair.typing import ChartType

from lorvp.results.pictures.style import PALE, SMALL, finish
from lorvp.results.pictures.summaries import most_chosen

BANK = 10  # target classes side by side; more of them continue in banks below
CELL_WIDTH, CELL_HEIGHT, LINE = 67, 48, 13  # pixels
LETTERS, LINES = 11, 3  # the text that fits into a cell
WORDS = "split(datum.label, /[ _]/)"  # a line for each word of a target's name


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
    """The first synonym of each name, such as 'tench' of ImageNet's 'tench, Tinca tinca'.

    Names that begin with the same synonym stay whole, such as 'maillot, tank suit' and 'maillot'.
    """
    first = {name: name.split(",")[0] for name in names}
    taken = Counter(first.values())
    return {name: short if taken[short] == 1 else name for name, short in first.items()}


def cell_lines(sources: list[str]) -> list[str]:
    """The first name in lines that fit into a cell, and the number of others that tied with it."""
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
    # Further lines go down from the first, so the first moves up by half of their height.
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
