"""One square of values, repeated over the whole canvas.

Patch-Same of the preliminary study in LoR-VP (arXiv 2502.00896, Fig. 1): all patches of a
vision transformer share one prompt. Raw values that start at zero are our reading.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from lorvp.errors import InputError
from lorvp.prompts.base import Canvas, Content, Placement, Size
from lorvp.prompts.fits.patch_side import PatchSide, patch_side
from lorvp.settings import Settings


class TileConfig(Settings):
    """A tile that every patch shares."""

    kind: Literal["tile"] = "tile"
    side: PatchSide = None
    """Side of the tile in pixels; that of the network's patches unless given."""

    def build(self, canvas: Canvas, placement: Placement) -> Tile:
        tile = Tile(canvas.size, patch_side(canvas, self.side))
        shown_PP = tile.folded(placement.content_HW).any(0)
        if not shown_PP.all():
            hidden = int((~shown_PP).sum())
            raise InputError(
                f"{hidden} of the {shown_PP.numel()} pixels of a tile of side {tile.side} are "
                "never shown by this placement; use a smaller side or the content `free`"
            )
        return tile


class Tile(Content):
    """``values[c, y mod P, x mod P]``: 3 * P^2 values."""

    def __init__(self, size: Size, side: int) -> None:
        super().__init__()
        self.side = side
        self.repeats = size[0] // side, size[1] // side
        self.values = nn.Parameter(torch.zeros(3, side, side))

    def forward(self) -> Tensor:
        return self.values.repeat(1, *self.repeats)

    def folded(self, image_HW: Tensor) -> Tensor:
        """The canvas cut into tiles, one after another."""
        rows, columns = self.repeats
        cut = image_HW.reshape(rows, self.side, columns, self.side)
        return cut.transpose(1, 2).reshape(-1, self.side, self.side)
