"""LoR-VP: the prompt is a product of two thin matrices, one product per colour channel.

Jin et al., "LoR-VP: Low-Rank Visual Prompting for Efficient Vision Model Adaptation"
(ICLR 2025, arXiv 2502.00896):

    delta = B A,   B in R^{C x H x r},   A in R^{C x r x W}

so that every row and every column shares information, at r (H + W) values per channel.
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from lorvp.errors import InputError
from lorvp.prompts.base import Content, Size
from lorvp.settings import Settings, Symbol


class LowRankConfig(Settings):
    """A matrix of rank at most ``rank`` per channel."""

    kind: Literal["low_rank"] = "low_rank"
    rank: Annotated[int, Symbol("r"), Field(ge=1)] = 4
    """The paper's run script uses 4. More values, closer to a free prompt."""
    std: float = Field(default=0.01, gt=0)
    """A ~ N(0, std^2); the code calls it "normal"."""

    def build(self, support_HW: Tensor) -> LowRank:
        height, width = support_HW.shape
        return LowRank((height, width), self.rank, self.std)


class LowRank(Content):
    """B starts at zero (the code's "zero,normal"): the first step sees the unchanged image."""

    def __init__(self, size: Size, rank: int, std: float = 0.01) -> None:
        super().__init__()
        height, width = size
        if rank > min(size):
            raise InputError(f"rank {rank} is more than the {min(size)} a {height}x{width} has")
        self.left = nn.Parameter(torch.zeros(3, height, rank))
        self.right = nn.Parameter(std * torch.randn(3, rank, width))

    def forward(self) -> Tensor:
        return self.left @ self.right
