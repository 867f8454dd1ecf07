"""A square in the upper left corner (the fixed patch of Bahng et al., arXiv 2203.17274)."""

from __future__ import annotations

from typing import Annotated, Literal

import torch

from lorvp.errors import InputError
from lorvp.prompts.base import Canvas, Fit, Size
from lorvp.prompts.placements.fixed import Fixed
from lorvp.settings import Count, Settings, Symbol


class CornerConfig(Settings):
    """Add the content to a square of ``width`` pixels in the upper left corner."""

    kind: Literal["corner"] = "corner"
    width: Annotated[Count, Symbol("p")] = 30
    """Pixels; the same default as for the border."""

    def build(self, canvas: Canvas, fit: Fit) -> Corner:
        return Corner(canvas.size, self.width)


class Corner(Fixed):
    """Ones on a ``width`` x ``width`` square, zeros elsewhere."""

    def __init__(self, size: Size, width: int) -> None:
        super().__init__(corner_HW(size, width))


def corner_HW(size: Size, width: int) -> torch.Tensor:
    """Which pixels are in the corner (bool).

    Raises:
        InputError: the square is larger than the canvas.
    """
    if width > min(size):
        raise InputError(
            f"width {width} is more than the network's {size[0]}x{size[1]} input; "
            f"at most {min(size)}"
        )
    found_HW = torch.zeros(size, dtype=torch.bool)
    found_HW[:width, :width] = True
    return found_HW
