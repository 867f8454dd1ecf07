"""Successive halving (Jamieson & Talwalkar, AISTATS 2016): most settings are stopped early.

Optuna's own decides as each trial comes, so that the order in which trials end would decide with
it. Here all settings of a round come to a rung before any goes on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

SHARE = 3
"""One of so many goes on, and is trained for so many times the epochs."""
RUNGS = 3


def rungs(epochs: int, stop_early: bool) -> tuple[int, ...]:
    """The epochs after which settings are compared; the last are all of them."""
    if not stop_early:
        return (epochs,)
    return tuple(sorted({math.ceil(epochs / SHARE**n) for n in range(RUNGS)}))


def going_on(accuracies: Sequence[float | None]) -> list[int]:
    """The places of those that go on to the next rung, in order.

    A third of them, rounded up; of equals the first, and none that is of no use (None).
    """
    useful = [place for place, found in enumerate(accuracies) if found is not None]
    best = sorted(useful, key=lambda place: -(accuracies[place] or 0.0))
    return sorted(best[: math.ceil(len(accuracies) / SHARE)])
