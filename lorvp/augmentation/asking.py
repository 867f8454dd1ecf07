"""Whether a number in a tensor can be looked at without waiting for a device."""

from __future__ import annotations

from torch import Tensor


def on_host(tensor: Tensor) -> bool:
    """Whether its numbers are where Python is; a GPU is ahead of, or behind, what is asked."""
    return tensor.device.type == "cpu"
