"""Floating-point operations by torch's own formulas, there and back.

They are known of matrix products and convolutions: a multiplication and an addition are two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from torch import Tensor
from torch.utils.flop_counter import flop_registry

from lorvp.performance.shapes import ShapesAlone


class Passes(NamedTuple):
    """FLOPs forward, and forward and backward."""

    look: float
    step: float


WHOLE: set[Any] = set()
"""Operations that were found not to be made of others."""


class Counting(ShapesAlone):
    """Counts the FLOPs of a block, on the meta device without computing.

    As torch's `FlopCounterMode`, which also tells them by module: for that it hooks each module on
    the way there and back, which takes as long as all else.
    """

    flops: float = 0.0

    def run(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        formula = flop_registry.get(func._overloadpacket)
        if formula is None and func not in WHOLE:
            with self:  # what is made of other operations is those to the counter
                parts = func.decompose(*args, **kwargs)
            if parts is not NotImplemented:
                return parts
            WHOLE.add(func)
        output = super().run(func, args, kwargs)
        if formula is not None:
            self.flops += float(formula(*args, **kwargs, out_val=output))
        return output


def one_more(work: Callable[[int], Tensor]) -> tuple[Passes, Passes]:
    """FLOPs that a third image adds to ``work`` on two, and those of two.

    Not a second on one: attention takes another kernel for a single image.
    """
    two, three = (_there_and_back(work, images) for images in (2, 3))
    return Passes(three.look - two.look, three.step - two.step), two


def counted(work: Callable[[], object]) -> float:
    """FLOPs of ``work``."""
    with Counting() as counter:
        work()
    return counter.flops


def _there_and_back(work: Callable[[int], Tensor], images: int) -> Passes:
    with Counting() as counter:
        output = work(images)
        look = counter.flops
        if output.requires_grad:
            output.sum().backward()
        return Passes(look, counter.flops)
