"""Computing time and wall-clock time.

Other processes on a busy machine lengthen the wall-clock time, and hardly the computing time. On a
CPU a process computes while its threads have a core: four busy threads compute four seconds in one.
A GPU keeps no such account of a process, so there both are wall-clock times.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter, process_time

import torch


@dataclass(frozen=True)
class Duration:
    """In seconds."""

    seconds: float = 0.0
    """Computing time."""
    wall_seconds: float = 0.0
    """Wall-clock time."""

    def __add__(self, other: Duration) -> Duration:
        wall = self.wall_seconds + other.wall_seconds
        return Duration(self.seconds + other.seconds, wall)

    def shared_by(self, number: int) -> Duration:
        """The part of one among several that were computed together, on the same clock."""
        return Duration(self.seconds / number, self.wall_seconds)


class Stopwatch:
    """Measures from the moment when it is made.

    Before it is read, the caller waits for a GPU to finish, by reading a number from it.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._start = self._now()

    def read(self) -> Duration:
        """The time since this stopwatch was made."""
        (computed, wall), now = self._start, self._now()
        return Duration(now[0] - computed, now[1] - wall)

    def _now(self) -> tuple[float, float]:
        wall = perf_counter()
        return process_time() if self._device.type == "cpu" else wall, wall
