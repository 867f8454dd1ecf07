"""One run at a time trains in a checkout: they would take each other's cores and scratch files."""

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
"""Beside the lock, which whoever asks for it empties."""


@contextmanager
def one_run(tell: Callable[[str], object]) -> Iterator[None]:
    """Wait until no other run trains here; ``tell`` is given a line if there is one.

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
    """PID and command of the other run, as far as one can tell."""
    try:
        process = psutil.Process(int(file.read_text()))
        return f"PID {process.pid}, `{' '.join(process.cmdline())}`"
    except (OSError, ValueError, psutil.Error):
        return "it has just started, or ended"
