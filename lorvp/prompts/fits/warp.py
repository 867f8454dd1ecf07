"""Images seen at any positions, mixed from four neighbours, with a gradient for the positions.

torch's grid_sample has no repeatable gradient on GPUs, since it also makes one for the image, whose
pixels are read by several others. Here the image takes none, and a step only gathers.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from lorvp.images import Size


class Warp(nn.Module):
    """``forward`` takes images_BCHW of ``size``, which take no gradient, and rows_HW and columns_HW
    of the positions at which they are seen; outside they are 0."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size

    def inside_HW(self, rows_HW: Tensor, columns_HW: Tensor) -> Tensor:
        """Whether a position has a neighbour within the image (bool)."""
        height, width = self.size
        rows_inside_HW = (rows_HW > -1) & (rows_HW < height)
        return rows_inside_HW & (columns_HW > -1) & (columns_HW < width)

    def forward(self, images_BCHW: Tensor, rows_HW: Tensor, columns_HW: Tensor) -> Tensor:
        pixels_BCP = images_BCHW.detach().flatten(2)
        seen_BCHW = torch.zeros_like(images_BCHW, memory_format=torch.contiguous_format)
        for rows, weight_HW in neighbours(rows_HW, self.size[0]):
            for columns, other_HW in neighbours(columns_HW, self.size[1]):
                pixel_P = (rows * self.size[1] + columns).flatten()
                found_BCHW = pixels_BCP.index_select(2, pixel_P).view_as(seen_BCHW)
                seen_BCHW = seen_BCHW + found_BCHW * (weight_HW * other_HW)
        return seen_BCHW


def neighbours(position_HW: Tensor, extent: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The whole numbers before and after each position, and their weights; a number outside of
    0 .. extent - 1 has the weight 0, and another number in its place."""
    before_HW = position_HW.detach().floor()
    for whole_HW in (before_HW, before_HW + 1):
        weight_HW = 1 - (position_HW - whole_HW).abs()
        inside_HW = (whole_HW >= 0) & (whole_HW < extent)
        whole_HW = whole_HW.clamp(0, extent - 1).long()
        yield whole_HW, torch.where(inside_HW, weight_HW, 0.0)
