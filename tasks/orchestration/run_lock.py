"""A lock, so that one run at a time trains in a folder: two would share cores and scratch files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from lorvp.files.whole import write_whole
from tasks.paths import WORK

LOCK = WORK / "run.lock"
HOLDER = WORK / "run.pid"
"""The PID of the run that holds the lock. It has a file of its own, since FileLock empties the lock
file whenever it is acquired."""


@contextmanager
def one_run(tell: Callable[[str], object]) -> Iterator[None]:
    """Wait until no other run trains here; ``tell`` is given a line if this has to wait.

    The system frees the lock of a process that was killed.
    """
    WORK.mkdir(parents=True, exist_ok=True)
    lock = FileLock(LOCK)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        tell(f"waiting for the run that trains in this folder: {holder()}")
        lock.acquire()
    try:
        write_whole(HOLDER, str(os.getpid()))
        yield
    finally:
        lock.release()


def holder(file: Path = HOLDER) -> str:
    """PID and command of the run that holds the lock, as far as the system tells."""
    try:
        process = psutil.Process(int(file.read_text()))
        return f"PID {process.pid}, `{' '.join(process.cmdline())}`"
    except (OSError, ValueError, psutil.Error):
        return "it has just started, or ended"
