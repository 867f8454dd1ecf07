"""A square at a place that is drawn for every batch (the random patch of Bahng et al.).

arXiv 2203.17274; their code draws both offsets from {0, ..., L - p - 1} with a generator that
is never seeded, also when it evaluates, so that no accuracy can be repeated. Here the seed
decides, and the place at evaluation is drawn once, when the prompt is made, and kept with it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

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
        self.register_buffer("kept_offset", self._drawn())

    @property
    def content_HW(self) -> Tensor:
        return self.corner_HW

    def forward(self, canvas_BCHW: Tensor) -> Tensor:
        return self._moved(self.corner_HW[None].to(canvas_BCHW.dtype))[None]

    def place(self, content_CHW: Tensor, canvas_BCHW: Tensor) -> Tensor:
        moved = self._moved(content_CHW * self.corner_HW)
        return moved if moved.ndim == 4 else moved[None]

    def _moved(self, content_CHW: Tensor) -> Tensor:
        offset_2 = self.drawn(self._drawn) if self.training else self.kept_offset
        return Rolled.apply(content_CHW, offset_2)  # type: ignore[no-any-return]

    def _drawn(self) -> Tensor:
        """How far down and to the right, where the content lies."""
        device = self.corner_HW.device
        offsets = [
            torch.randint(extent - self.width, (), generator=self.generator, device=device)
            for extent in self.size
        ]
        return torch.stack(offsets)


class Rolled(torch.autograd.Function):
    """``content_CHW.roll(offset, (-2, -1))`` by an offset that a GPU holds; roll takes numbers,
    for which the device would have to be waited for. The way back rolls back."""

    @staticmethod
    def forward(ctx: Any, content_CHW: Tensor, offset_2: Tensor) -> Tensor:
        ctx.offset_2 = offset_2
        return _rolled(content_CHW, offset_2)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return _rolled(grads[0], -ctx.offset_2), None


def _rolled(content_CHW: Tensor, offset_2: Tensor) -> Tensor:
    height, width = content_CHW.shape[-2:]
    rows_H = (torch.arange(height, device=offset_2.device) - offset_2[:1]) % height
    columns_W = (torch.arange(width, device=offset_2.device) - offset_2[1:]) % width
    return content_CHW.index_select(-2, rows_H).index_select(-1, columns_W)
