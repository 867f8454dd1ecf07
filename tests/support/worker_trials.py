"""A worker's trial on small data, with a tracker that remembers and its log."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from tasks.worker.log import log_file

EPOCHS = 4


class Heard:
    """A tracker that remembers, and stops the training where it is told to."""

    def __init__(self, stop: int | None = None) -> None:
        self.stop, self.epochs, self.summaries = stop, [], []

    def epoch(self, epoch) -> None:
        self.epochs.append(epoch)
        if epoch.epoch == self.stop:
            raise ConnectionError("the tracker's server is gone")

    def summary(self, summary) -> None:
        self.summaries.append(summary)


def said() -> list[str]:
    """Without the time of day, and without the lines of tracebacks."""
    [log] = log_file("any").parent.iterdir()
    lines = log.read_text().splitlines()
    return [line.split(maxsplit=2)[2] for line in lines if line[:2] == "20"]


def epochs(lines: list[str]) -> list[str]:
    return [line.removeprefix("INFO    ") for line in lines if " epoch " in line]


def timeless(found) -> list:
    return [dataclasses.replace(epoch, seconds=0, wall_seconds=0) for epoch in found]


def damage(path: Path) -> None:
    """One bit, as a disk loses it: neither size nor time of change are others."""
    found, content = path.stat(), bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
