"""Values laid on the pixels of a mask, in a way that waits for no GPU.

``canvas[:, mask_HW] = values`` asks the device in each step where the mask is true. Here that is
asked once, and a step only gathers, on the way forward and on the way back.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class Spread(nn.Module):
    """``forward`` takes values_CV, V of them for the V true pixels of a mask, row by row, and
    returns image_CHW with 0 elsewhere."""

    pixels_V: Tensor
    """The number of each value's pixel."""
    values_P: Tensor
    """For each pixel the number of its value, and V where it has none."""

    def __init__(self, mask_HW: Tensor) -> None:
        super().__init__()
        mask_P = mask_HW.flatten()
        number, self.size = int(mask_P.sum()), mask_HW.shape
        values_P = torch.where(mask_P, mask_P.cumsum(0) - 1, number)
        pixels_V = mask_P.nonzero()[:, 0]
        self.register_buffer("pixels_V", pixels_V.to(torch.int32), persistent=False)
        self.register_buffer("values_P", values_P.to(torch.int32), persistent=False)

    def forward(self, values_CV: Tensor) -> Tensor:
        image_CP = _Spread.apply(values_CV, self.pixels_V, self.values_P)
        return image_CP.view(-1, *self.size)  # type: ignore[union-attr]


class _Spread(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values_CV: Tensor, pixels_V: Tensor, values_P: Tensor) -> Tensor:
        ctx.pixels_V = pixels_V
        with_zero = torch.cat([values_CV, values_CV.new_zeros(len(values_CV), 1)], dim=1)
        return with_zero.index_select(1, values_P)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        return grads[0].index_select(1, ctx.pixels_V), None, None
