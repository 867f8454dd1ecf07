"""Whether two outputs are the same, by their values or, without weights, by their shapes."""

from __future__ import annotations

import torch
from torch import Tensor


def agree(one: Tensor, other: Tensor) -> bool:
    """Whether two outputs are the same, up to IEEE fp32's rounding in another order of sums."""
    return disagreement(one, other) is None


def disagreement(one: Tensor, other: Tensor) -> str | None:
    """How two outputs differ, in words; None if they agree."""
    if one.shape != other.shape:
        return f"{tuple(one.shape)} are not {tuple(other.shape)}"
    if one.is_meta:
        return None
    scale = float(other.abs().max())
    if torch.allclose(one, other, rtol=1e-3, atol=1e-4 * scale):
        return None
    return f"{float((one - other).abs().max()):.2g} apart, of {scale:.2g}"
