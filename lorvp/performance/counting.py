"""Floating-point operations as torch's own counter sees them, there and back.

It counts those of matrix products and convolutions: a multiplication and an addition are two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode


class Passes(NamedTuple):
    """FLOPs forward, and forward and backward."""

    look: float
    step: float


def one_more(work: Callable[[int], Tensor]) -> tuple[Passes, Passes]:
    """FLOPs that a third image adds to ``work`` on two, and those of two.

    Not a second on one: attention takes another kernel for a single image.
    """
    two, three = (_there_and_back(work, images) for images in (2, 3))
    return Passes(three.look - two.look, three.step - two.step), two


def counted(work: Callable[[], object]) -> float:
    """FLOPs of ``work``."""
    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops())


def _there_and_back(work: Callable[[int], Tensor], images: int) -> Passes:
    with FlopCounterMode(display=False) as counter:
        output = work(images)
        look = float(counter.get_total_flops())
        if output.requires_grad:
            output.sum().backward()
        return Passes(look, float(counter.get_total_flops()))
