"""The regions that images choose for the prompt, and how often each region is chosen."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import numpy as np
import polars as pl
from altair.typing import ChartType

from lorvp.results.pictures.style import PALE, SMALL, finish
from lorvp.results.pictures.tiles import data_url

SIDE, GAP = 140, 8  # pixels of one picture, and between two
BEYOND = "#EEEEEE"  # regions that the prompt does not reach
TINT = np.array([0.0, 0.447, 0.698])  # the first of the colours
STRENGTH = 0.5  # of the tint
FEW = 8  # the most regions side by side that have their shares written in them


@dataclass(frozen=True)
class RegionView:
    """Sample images with the regions they chose, and how often all images chose each region.

    chosen_RR has an array of 0 and 1 for each of images_HWC, which are in [0, 1]. share_RR is the
    share of images that chose a region, and NaN where the prompt does not reach the region.
    """

    label: str
    images_HWC: list[np.ndarray]
    chosen_RR: list[np.ndarray]
    share_RR: np.ndarray
    images: int
    """The number of images over which the shares are counted."""


def chosen_regions(views: list[RegionView]) -> ChartType:
    """A row for each method: some images, chosen regions tinted, and the shares."""
    rows = [alt.hconcat(_samples(view), _shares(view), spacing=18) for view in views]
    return finish(alt.vconcat(*rows, spacing=22))


def tinted(image_HWC: np.ndarray, chosen_RR: np.ndarray, reached_RR: np.ndarray) -> np.ndarray:
    """The image, tinted blue in the regions that are prompted."""
    height, width = (image_HWC.shape[i] // chosen_RR.shape[i] for i in range(2))
    mask_HW1 = np.kron(chosen_RR * reached_RR, np.ones((height, width)))[:, :, None] * STRENGTH
    return image_HWC * (1 - mask_HW1) + TINT * mask_HW1


def _samples(view: RegionView) -> alt.Chart:
    reached_RR = ~np.isnan(view.share_RR)
    pairs = zip(view.images_HWC, view.chosen_RR, strict=True)
    urls = [data_url(tinted(image, chosen, reached_RR)) for image, chosen in pairs]
    table = pl.DataFrame({"url": urls, "at": range(len(urls)), "row": 0})
    title = alt.Title(f"{view.label}: chosen regions are blue", anchor="start")
    chart = alt.Chart(table, width=(SIDE + GAP) * len(urls), height=SIDE + GAP, title=title)
    x, y = alt.X("at:O", axis=None), alt.Y("row:O", axis=None)
    drawn = chart.mark_image(width=SIDE, height=SIDE).encode(x=x, y=y, url="url:N")
    return drawn.properties(view=alt.ViewBackground(stroke=None))


def _shares(view: RegionView) -> alt.LayerChart:
    """A square with the share of each region; grey with a dash where the prompt does not reach."""
    base = alt.Chart(_squares(view.share_RR)).encode(
        x=alt.X("column:O", axis=None), y=alt.Y("row:O", axis=None)
    )
    scale = alt.Scale(domain=[0, 1], range=["#FFFFFF", "#56B4E9"], interpolate="rgb")
    colour = alt.Color("share:Q", scale=scale, legend=None)
    marks = [
        base.mark_rect(fill=BEYOND, stroke=PALE),
        base.transform_filter("isValid(datum.share)").mark_rect(stroke=PALE).encode(color=colour),
    ]
    if max(view.share_RR.shape) <= FEW:
        marks.append(base.mark_text(fontSize=SMALL).encode(text="text:N"))
    words = f"share of {view.images:,} images"
    title = alt.Title(words, anchor="start", fontWeight="normal", fontSize=SMALL)
    return alt.LayerChart(layer=marks, width=SIDE + GAP, height=SIDE + GAP, title=title)


def _squares(share_RR: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "row": row,
            "column": column,
            "share": None if np.isnan(share) else float(share),
            "text": "–" if np.isnan(share) else f"{share:.0%}",
        }
        for (row, column), share in np.ndenumerate(share_RR)
    )
