"""No content: the image as it is. The baseline every prompt is compared with."""

from __future__ import annotations

import torch
from torch import Tensor

from lorvp.prompts.base import Content


class Zero(Content):
    """A zero that broadcasts; it has no trained values."""

    zero_CHW: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("zero_CHW", torch.zeros(3, 1, 1), persistent=False)

    def forward(self) -> Tensor:
        return self.zero_CHW
