"""Whether two outputs are the same, by their values or, without weights, by their shapes."""

from __future__ import annotations

import torch
from torch import Tensor

from lorvp.errors import InputError


def agree(one: Tensor, other: Tensor) -> bool:
    """Up to what another order of the same sums can change."""
    if one.shape != other.shape or one.is_meta:
        return one.shape == other.shape
    scale = float(other.abs().max())
    return torch.allclose(one, other, rtol=1e-3, atol=1e-4 * scale)


def require_shape(what: str, output: Tensor, width: int, architecture: str) -> None:
    """Outputs are one row of ``width`` numbers for each image.

    Raises:
        InputError: they are not, so nothing here could use them.
    """
    if output.ndim != 2 or output.shape[1] != width:
        shape = " x ".join(str(extent) for extent in output.shape[1:])
        raise InputError(
            f"{architecture} gives {shape} {what} for an image where {width} are expected; "
            "it cannot be used as a classifier"
        )
