"""LoR-VP: the prompt is a product of two thin matrices, one product per colour channel.

Jin et al., "LoR-VP: Low-Rank Visual Prompting for Efficient Vision Model Adaptation"
(ICLR 2025, arXiv 2502.00896):

    delta = B A,   B in R^{C x H x r},   A in R^{C x r x W}

so that every row and every column shares information, at r (H + W) values per channel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, Self

import torch
from pydantic import model_validator
from torch import Tensor, nn

from lorvp.errors import InputError
from lorvp.prompts.base import Canvas, Content, Placement
from lorvp.prompts.spread import Spread
from lorvp.settings import Count, Positive, Settings, Symbol

Start = Literal["zero", "normal", "standard_normal", "uniform", "xavier", "kaiming"]
"""Start values of a factor, as the published code has them: 0; N(0, std^2); N(0, 1);
U(-0.1, 0.1); Xavier's uniform; Kaiming's uniform for ReLU. The last two see the factor as one
tensor of three dimensions, as PyTorch's functions do (our reading)."""

FILL: dict[Start, Callable[[Tensor, float], Tensor]] = {
    "zero": lambda factor, std: nn.init.zeros_(factor),
    "normal": lambda factor, std: nn.init.normal_(factor, std=std),
    "standard_normal": lambda factor, std: nn.init.normal_(factor),
    "uniform": lambda factor, std: nn.init.uniform_(factor, -0.1, 0.1),
    "xavier": lambda factor, std: nn.init.xavier_uniform_(factor),
    "kaiming": lambda factor, std: nn.init.kaiming_uniform_(factor, nonlinearity="relu"),
}


class Factors(Settings):
    """The two factors of a low-rank prompt."""

    rank: Annotated[Count, Symbol("r")] = 4
    """The paper's run script uses 4. More values, closer to a free prompt."""
    left: Start = "zero"
    """Start values of B. The published default is zero: the first step sees the bare image."""
    right: Start = "normal"
    """Start values of A."""
    std: Positive = 0.01
    """Standard deviation of the start values called normal."""

    @model_validator(mode="after")
    def _has_a_gradient(self) -> Self:
        if self.left == self.right == "zero":
            raise ValueError(
                "left and right are both zero, so neither would ever move: the gradient of a "
                "product is the other factor; start one from normal"
            )
        return self

    def low_rank(self, placement: Placement) -> LowRank:
        """Fresh factors over the rows and columns that the placement touches."""
        return LowRank(placement.content_HW, self.rank, self.left, self.right, self.std)


class LowRankConfig(Factors):
    """A matrix of rank at most ``rank`` per channel."""

    kind: Literal["low_rank"] = "low_rank"

    def build(self, canvas: Canvas, placement: Placement) -> LowRank:
        return self.low_rank(placement)


class LowRank(Content):
    """A matrix over the rows and columns that ``content_HW`` touches, zero elsewhere."""

    rows_H: Tensor
    columns_W: Tensor

    def __init__(
        self,
        content_HW: Tensor,
        rank: int,
        left: Start = "zero",
        right: Start = "normal",
        std: float = 0.01,
    ) -> None:
        super().__init__()
        self.register_buffer("rows_H", content_HW.any(1), persistent=False)
        self.register_buffer("columns_W", content_HW.any(0), persistent=False)
        height, width = int(self.rows_H.sum()), int(self.columns_W.sum())
        if rank > min(height, width):
            raise InputError(
                f"rank {rank} is more than the {min(height, width)} a {height}x{width} has"
            )
        self.whole = (height, width) == tuple(content_HW.shape)
        self.spread = Spread(self.rows_H[:, None] & self.columns_W)
        self.left = nn.Parameter(FILL[left](torch.empty(3, height, rank), std))
        self.right = nn.Parameter(FILL[right](torch.empty(3, rank, width), std))

    def forward(self) -> Tensor:
        product_Chw = self.left @ self.right
        if self.whole:
            return product_Chw
        return self.spread(product_Chw.flatten(1))
