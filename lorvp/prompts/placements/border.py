"""The frame of an image (the padding prompt of Bahng et al., arXiv 2203.17274)."""

from __future__ import annotations

from typing import Annotated, Literal

import torch

from lorvp.errors import InputError
from lorvp.prompts.base import Canvas, Fit, Size
from lorvp.prompts.placements.fixed import Fixed
from lorvp.settings import Count, Settings, Symbol


class BorderConfig(Settings):
    """Add the content to a border of ``width`` pixels on each side."""

    kind: Literal["border"] = "border"
    width: Annotated[Count, Symbol("p")] = 30
    """Pixels; the paper's default at 224. Half the side covers the whole image."""

    def build(self, canvas: Canvas, fit: Fit) -> Border:
        return Border(canvas.size, self.width)


class Border(Fixed):
    """Ones within ``width`` pixels of an edge, zeros inside."""

    def __init__(self, size: Size, width: int) -> None:
        height, breadth = size
        if 2 * width > min(size):
            raise InputError(
                f"width {width} is more than half of the network's {height}x{breadth} input; "
                f"at most {min(size) // 2}"
            )
        support_HW = torch.ones(size, dtype=torch.bool)
        support_HW[width : height - width, width : breadth - width] = False
        super().__init__(support_HW)
