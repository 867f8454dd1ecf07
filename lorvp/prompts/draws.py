"""Random numbers that a part of a prompt draws in training.

A step that looks at one batch several times, to compare losses, has to see the same crops and the
same noise each time: what was drawn in its first look is then kept for the others.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


class Kept:
    """What was drawn in the first of several looks, in order."""

    def __init__(self) -> None:
        self._drawn: list[Tensor] = []
        self._next = 0

    def look_again(self) -> None:
        """Begin another look."""
        self._next = 0

    def take(self, draw: Callable[[], Tensor]) -> Tensor:
        """The next of what was drawn, drawn now if this is the first look."""
        if self._next == len(self._drawn):
            self._drawn.append(draw())
        self._next += 1
        return self._drawn[self._next - 1]


class Drawing(nn.Module):
    """A part of a prompt that may draw."""

    generator: torch.Generator | None = None
    """Of all random numbers in training; torch's global one unless given."""
    kept: Kept | None = None
    """Set while a step looks at one batch several times."""

    def drawn(self, draw: Callable[[], Tensor]) -> Tensor:
        """What ``draw`` returns, the same in each look of a step. It takes no gradient."""
        return draw() if self.kept is None else self.kept.take(draw)
