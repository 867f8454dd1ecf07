"""How long something computed, and how long it took by the clock.

Neighbours on a busy machine lengthen the second and hardly the first. A process on a CPU has
computed for as long as its threads had a core: four busy threads compute four seconds in one. A GPU
keeps no such account of a process, so there both are the clock's.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter, process_time

import torch


@dataclass(frozen=True)
class Duration:
    """In seconds."""

    seconds: float = 0.0
    """Of computing."""
    wall_seconds: float = 0.0
    """By the clock."""

    def __add__(self, other: Duration) -> Duration:
        wall = self.wall_seconds + other.wall_seconds
        return Duration(self.seconds + other.seconds, wall)


class Stopwatch:
    """Runs from when it is made.

    The caller waits for a GPU to finish its work before reading, by taking a number from it.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._start = self._now()

    def read(self) -> Duration:
        (computed, wall), now = self._start, self._now()
        return Duration(now[0] - computed, now[1] - wall)

    def _now(self) -> tuple[float, float]:
        wall = perf_counter()
        return process_time() if self._device.type == "cpu" else wall, wall
