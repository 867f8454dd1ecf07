"""An independent value for every channel of every pixel that the placement can reach.

Bahng et al., "Exploring Visual Prompts for Adapting Large-Scale Models" (arXiv 2203.17274),
start from N(0, 1); full-image prompts such as SMM's "Full" baseline (arXiv 2406.03150) from 0.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from lorvp.prompts.base import Canvas, Content, Placement
from lorvp.prompts.spread import Spread
from lorvp.settings import NotNegative, Settings


class FreeConfig(Settings):
    """One trained value per channel and reachable pixel."""

    kind: Literal["free"] = "free"
    std: NotNegative = 0.0
    """Standard deviation of the normal start values; 0 starts from the unchanged image."""

    def build(self, canvas: Canvas, placement: Placement) -> Free:
        return Free(placement.content_HW, self.std)


class Free(Content):
    """Values exist only inside ``content_HW``, so their number is the number in the papers.

    A border of width p on an H x W canvas has 2 * C * p * (H + W - 2p) of them.
    """

    content_HW: Tensor

    def __init__(self, content_HW: Tensor, std: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("content_HW", content_HW, persistent=False)
        self.spread = Spread(content_HW)
        self.values = nn.Parameter(std * torch.randn(3, int(content_HW.sum())))

    def shown(self) -> Tensor:
        """What is added at the pixels of ``content_HW``, in the order of the values."""
        return self.values

    def forward(self) -> Tensor:
        return self.spread(self.shown())
