"""How much params.yaml, or a form that is filled in instead, may ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

LARGEST = 2**18
"""Bytes of a file or a form."""
DEEPEST = 50
"""Levels of values inside values."""
MOST = 100_000
"""Values, those behind an alias (``*name``) counted wherever it stands: a few lines of aliases of
aliases can stand for more than any memory holds."""


class RefusedError(ValueError):
    """A part of the data that is refused; the message says why."""

    def __init__(self, part: Any, message: str) -> None:
        super().__init__(message)
        self.part = part


def require_bounded(root: Any, inside: Callable[[Any], Iterable[Any]]) -> None:
    """Measure ``root`` and all that is in it; ``inside`` gives the values in a value.

    Raises:
        RefusedError: it contains itself, is nested too deeply, or stands for too many values.
    """
    known: dict[int, tuple[int, int]] = {}

    def measure(part: Any, depth: int) -> tuple[int, int]:
        """Values and levels of a part; one that is in several places is measured once."""
        if id(part) in known:
            return known[id(part)]
        inner = [] if depth > DEEPEST else [measure(p, depth + 1) for p in inside(part)]
        size, levels = 1 + sum(n for n, _ in inner), 1 + max((n for _, n in inner), default=0)
        if max(depth, levels) > DEEPEST:
            raise RefusedError(part, f"nested more than {DEEPEST} deep, or in itself")
        if size > MOST:
            raise RefusedError(part, f"stands for more than {MOST:,} values")
        known[id(part)] = size, levels
        return size, levels

    measure(root, 0)


def values_in(part: Any) -> Iterable[Any]:
    """The values directly inside plain data."""
    return part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
