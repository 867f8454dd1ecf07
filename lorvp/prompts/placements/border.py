"""The frame of an image (the padding prompt of Bahng et al., arXiv 2203.17274)."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from lorvp.errors import InputError
from lorvp.prompts.base import Placement, Size
from lorvp.settings import Settings, Symbol


class BorderConfig(Settings):
    """Add the content to a border of ``width`` pixels on each side."""

    kind: Literal["border"] = "border"
    width: Annotated[int, Symbol("p"), Field(ge=1)] = 30
    """Pixels; the paper's default at 224. Half the side covers the whole image."""

    def build(self, size: Size) -> Border:
        return Border(size, self.width)


class Border(Placement):
    """A mask of ones within ``width`` pixels of an edge, zeros inside."""

    mask_BCHW: Tensor

    def __init__(self, size: Size, width: int) -> None:
        super().__init__()
        height, breadth = size
        if 2 * width > min(size):
            raise InputError(
                f"width {width} is more than half of the network's {height}x{breadth} input; "
                f"at most {min(size) // 2}"
            )
        support_HW = torch.ones(size, dtype=torch.bool)
        support_HW[width : height - width, width : breadth - width] = False
        self.register_buffer("support_HW", support_HW, persistent=False)
        mask_BCHW = support_HW.to(torch.get_default_dtype())[None, None]
        self.register_buffer("mask_BCHW", mask_BCHW, persistent=False)

    def forward(self, canvas_BCHW: Tensor) -> Tensor:
        return self.mask_BCHW
