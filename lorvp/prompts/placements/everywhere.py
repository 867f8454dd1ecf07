"""The whole canvas."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from lorvp.prompts.base import Placement, Size
from lorvp.settings import Settings


class EverywhereConfig(Settings):
    """Add the content to every pixel."""

    kind: Literal["everywhere"] = "everywhere"

    def build(self, size: Size) -> Everywhere:
        return Everywhere(size)


class Everywhere(Placement):
    """A mask of ones."""

    mask_BCHW: Tensor

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.register_buffer("support_HW", torch.ones(size, dtype=torch.bool), persistent=False)
        self.register_buffer("mask_BCHW", torch.ones(1, 1, *size), persistent=False)

    def forward(self, canvas_BCHW: Tensor) -> Tensor:
        return self.mask_BCHW
