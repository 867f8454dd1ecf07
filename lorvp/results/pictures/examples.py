"""Test images without and with the prompt, and the network's answer to each."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import numpy as np
import polars as pl
from altair.typing import ChartType

from lorvp.results.pictures.style import GREY, PALE, SMALL, finish
from lorvp.results.pictures.tiles import data_url

SIDE, COLUMN, ROW = 104, 128, 144  # pixels of a picture, and of a cell with the text around it
LETTERS = 10  # of a class name that is not cut
PLAIN, PROMPTED = "as it is", "prompted"


@dataclass(frozen=True)
class Example:
    """An image in [0, 1], the same with the prompt, which may leave [0, 1], and the answers."""

    true: str
    image_HWC: np.ndarray
    prompted_HWC: np.ndarray
    before: str | None
    """The answer without a prompt; None where there is no such trial."""
    after: str
    confidence: float
    """That of the answer with the prompt."""


def examples(found: list[Example], title: str) -> ChartType:
    """A column for each image; words say whether an answer is right, so no colour is needed."""
    table = pl.DataFrame([row for at, example in enumerate(found) for row in _tiles(at, example)])
    rows = [PLAIN, PROMPTED]
    axis = alt.Axis(domain=False, ticks=False, grid=False)
    base = alt.Chart(table).encode(
        x=alt.X("at:O", axis=None), y=alt.Y("row:N", sort=rows, title=None, axis=axis)
    )
    marks = [
        base.mark_image(width=SIDE, height=SIDE).encode(url="url:N"),
        base.mark_square(size=SIDE**2, filled=False, stroke=PALE, strokeWidth=1, opacity=1),
        base.mark_text(dy=-SIDE / 2 - 9, fontSize=SMALL).encode(text="above:N"),
        base.mark_text(dy=SIDE / 2 + 10, fontSize=SMALL, color=GREY).encode(text="below:N"),
    ]
    width, height = COLUMN * len(found), ROW * len(rows)
    grid = alt.LayerChart(layer=marks, title=title, width=width, height=height)
    return finish(grid.properties(view=alt.ViewBackground(stroke=None)))


def _tiles(at: int, example: Example) -> list[dict]:
    share = f", {example.confidence:.0%}" if np.isfinite(example.confidence) else ""
    before = _answer(example.before, example.true) if example.before is not None else ""
    after = _answer(example.after, example.true) + share
    return [
        {"at": at, "row": PLAIN, "url": data_url(example.image_HWC),
         "above": f"true: {_short(example.true)}", "below": before},
        {"at": at, "row": PROMPTED, "url": data_url(example.prompted_HWC),
         "above": "", "below": after},
    ]  # fmt: skip


def _answer(answer: str, true: str) -> str:
    return f"{_short(answer)}, {'right' if answer == true else 'wrong'}"


def _short(name: str) -> str:
    first = name.split(",")[0]
    return first if len(first) <= LETTERS else f"{first[: LETTERS - 1]}…"
