"""Two placements at once: the content reaches a pixel where both allow it."""

from __future__ import annotations

from torch import Tensor

from lorvp.prompts.base import Placement


class Product(Placement):
    """Masks multiply; the support is what both can reach."""

    def __init__(self, first: Placement, second: Placement) -> None:
        super().__init__()
        self.first, self.second = first, second
        support_HW = first.support_HW & second.support_HW
        self.register_buffer("support_HW", support_HW, persistent=False)

    def forward(self, canvas_BCHW: Tensor) -> Tensor:
        return self.first(canvas_BCHW) * self.second(canvas_BCHW)

    def end_epoch(self) -> None:
        self.first.end_epoch()
        self.second.end_epoch()
