"""A mask of ones on a set of pixels that is the same for every image."""

from __future__ import annotations

import torch
from torch import Tensor

from lorvp.prompts.base import Placement


class Fixed(Placement):
    """Ones on ``support_HW``, zeros elsewhere."""

    mask_BCHW: Tensor

    def __init__(self, support_HW: Tensor) -> None:
        super().__init__()
        self.register_buffer("support_HW", support_HW, persistent=False)
        mask_BCHW = support_HW.to(torch.get_default_dtype())[None, None]
        self.register_buffer("mask_BCHW", mask_BCHW, persistent=False)

    def forward(self, canvas_BCHW: Tensor) -> Tensor:
        return self.mask_BCHW
