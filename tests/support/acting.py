"""Groups of trials that, in a real worker process, do what their fingerprints say instead of being
trained."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import torch

from lorvp.errors import InputError
from lorvp.experiment.trial import Point
from tasks.jobs import Job
from tasks.worker import group as worker
from tasks.worker.failures import Busy
from tasks.worker.group import Ended, Report
from tasks.worker.lane import Group
from tests.support.tiny import trial

BEGUN = Path("begun")
"""Has a line for each group that was begun: its width, and the fingerprints in it."""
OUT_OF_MEMORY = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
_real_begin = worker.begin
T = TypeVar("T")


PATIENCE = 300
"""Seconds."""


def wait_for(condition: Callable[[], T]) -> T:
    """What ``condition`` returns as soon as it is true."""
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def job(does: str) -> Job:
    """A trial that does this; of several that do the same, each has words of its own after a
    colon."""
    return Job(Point(trial(), "none", "lp", ""), {}, does, Path("store"), Path("data"), Path("net"))


def begin(group: Group) -> Report:
    """In the worker, in place of its own ``begin``."""
    worker.train_group = acting
    with BEGUN.open("a") as file:
        file.write(f"{group.width} {[job.fingerprint for job in group.jobs]}\n")
    return _real_begin(group)


def acting(group: Group) -> Iterator[Ended]:
    """What the trials do, one after another."""
    for job in group.jobs:
        does, alone = job.fingerprint.partition(":")[0], len(group.jobs) == 1
        yield from _waiting(does)
        try:
            _befall(does, group, alone)
            yield {job.fingerprint: _told(group)}
        except NetworkError:
            raise
        except (InputError, Busy, OddError) as error:
            yield {job.fingerprint: error}


def _waiting(does: str) -> Iterator[Ended]:
    """An epoch each hundredth of a second, until there is a file "go on"."""
    while does == "waits" and not Path("go on").exists():
        time.sleep(0.01)
        yield {}


class OddError(Exception):
    """An error that cannot be made again from what it keeps."""

    def __init__(self, name: str, number: int) -> None:
        super().__init__(f"{name} {number}")


class NetworkError(OddError):
    """Such an error, for all that are trained together."""


def _befall(does: str, group: Group, alone: bool) -> None:
    if does == "is too large":
        Path("vmstat").write_text("oom_kill 6\n")  # by the system
    if does in ("is killed", "is too large") or (does == "is killed in company" and not alone):
        os.kill(os.getpid(), signal.SIGKILL)
    if does == "exits":
        os._exit(3)
    if does == "hangs" or (does == "hangs in company" and not alone):
        signal.pause()
    if does == "needs much" and not group.halvings:
        raise OUT_OF_MEMORY
    if does.startswith("has room for") and group.width > int(does[-1]):
        raise OUT_OF_MEMORY
    if does == "breaks the network":
        raise NetworkError("the network broke in layer", 7)
    if does == "is odd":
        raise OddError("odd", 1)
    if does == "fails":
        raise InputError("no such class")
    if does == "is busy" and not alone:
        raise Busy("another process is training it")


def _told(group: Group) -> dict:
    return {
        "pid": os.getpid(),
        "device": group.device,
        "width": group.width,
        "lanes": len(group.jobs),
        "halvings": group.halvings,
        "slow": group.slow_precision,
        "deaf": signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        "threads": torch.get_num_threads(),
        "repeatable": torch.are_deterministic_algorithms_enabled(),
    }
