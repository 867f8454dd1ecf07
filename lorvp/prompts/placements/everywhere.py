"""The whole canvas."""

from __future__ import annotations

from typing import Literal

import torch

from lorvp.prompts.base import Canvas, Fit, Size
from lorvp.prompts.placements.fixed import Fixed
from lorvp.settings import Settings


class EverywhereConfig(Settings):
    """Add the content to every pixel."""

    kind: Literal["everywhere"] = "everywhere"

    def build(self, canvas: Canvas, fit: Fit) -> Everywhere:
        return Everywhere(canvas.size)


class Everywhere(Fixed):
    """A mask of ones."""

    def __init__(self, size: Size) -> None:
        super().__init__(torch.ones(size, dtype=torch.bool))
