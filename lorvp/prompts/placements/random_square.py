"""A square at a place that is drawn for every batch (the random patch of Bahng et al.).

arXiv 2203.17274; their code draws both offsets from {0, ..., L - p - 1} with a generator that
is never seeded, also when it evaluates, so that no accuracy can be repeated. Here the seed
decides, and the place at evaluation is drawn once, when the prompt is made, and kept with it.
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from torch import Tensor

from lorvp.errors import InputError
from lorvp.prompts.base import Canvas, Fit, Placement, Size
from lorvp.prompts.placements.corner import corner_HW
from lorvp.settings import Count, Settings, Symbol


class RandomSquareConfig(Settings):
    """Add the content to a square whose place changes from batch to batch."""

    kind: Literal["random_square"] = "random_square"
    width: Annotated[Count, Symbol("p")] = 30
    """Pixels; the same default as for the border."""

    def build(self, canvas: Canvas, fit: Fit) -> RandomSquare:
        return RandomSquare(canvas.size, self.width)


class RandomSquare(Placement):
    """The content lies in the upper left corner and is moved, whole, to where it is shown."""

    corner_HW: Tensor
    kept_offset: Tensor

    def __init__(self, size: Size, width: int) -> None:
        super().__init__()
        if width >= min(size):
            raise InputError(
                f"width {width} leaves no room to move on the network's {size[0]}x{size[1]} "
                f"input; at most {min(size) - 1}"
            )
        self.size, self.width = size, width
        self.register_buffer("support_HW", torch.ones(size, dtype=torch.bool), persistent=False)
        self.register_buffer("corner_HW", corner_HW(size, width), persistent=False)
        self.register_buffer("kept_offset", torch.tensor(self._drawn()))

    @property
    def content_HW(self) -> Tensor:
        return self.corner_HW

    def forward(self, canvas_BCHW: Tensor) -> Tensor:
        return self._moved(self.corner_HW[None].to(canvas_BCHW.dtype))[None]

    def place(self, content_CHW: Tensor, canvas_BCHW: Tensor) -> Tensor:
        return self._moved(content_CHW * self.corner_HW)[None]

    def _moved(self, content_CHW: Tensor) -> Tensor:
        top, left = self._drawn() if self.training else self.kept_offset.tolist()
        return content_CHW.roll((top, left), (1, 2))

    def _drawn(self) -> list[int]:
        return [int(torch.randint(extent - self.width, ())) for extent in self.size]
