"""Trials on machines of a cluster: what goes to them with each trial, and what they do there.

On such a machine a trial runs as it does here: in a process of its own, which a worker of the
cluster starts and keeps for the next trial.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from lorvp.errors import InputError
from lorvp.trials.identity import identity
from tasks.jobs import Job
from tasks.machine.devices import slots_on
from tasks.prefect_server.loopback import keep_loopback_direct
from tasks.runners.pool import Workers
from tasks.runners.transport import Transport
from tasks.settings import ComputeConfig, TrackingConfig

# On a machine of the cluster nothing of ours has run before, and Prefect's server may be there.
keep_loopback_direct()

KEEP_EVERY = 20.0
"""Seconds between two copies of where a trial stands."""


@dataclass(frozen=True)
class Elsewhere:
    """A team whose trials run wherever the cluster has room."""

    compute: ComputeConfig
    transport: Transport

    def train(self, job: Job, tracking: TrackingConfig, heard: Callable[[str], None]) -> dict:
        """Raises:
        Exception: as ``Workers.train`` does, and what went wrong with the data.
        """
        require_same_code(job)
        here = self.transport.bring(job)
        keep = _now_and_then(KEEP_EVERY, lambda: self._keep(here, heard))
        with a_worker(self.compute, self.transport.home()) as worker:
            record = worker.train(here, tracking, lambda line: (heard(line), keep())[0])
        self.transport.deliver(here)
        return record

    def _keep(self, here: Job, heard: Callable[[str], None]) -> None:
        try:
            self.transport.keep(here)
        except Exception as error:  # a loss only if this machine goes away as well
            heard(f"where the trial stands could not be copied: {error}")

    def tell(self, line: str) -> None:
        """By way of Prefect, which the user's machine listens to."""
        from prefect import get_run_logger

        get_run_logger().warning(line)

    def warn(self, line: str) -> None:
        """Its log has it already, to which the user's machine listens."""

    def collect(self, job: Job) -> None:
        self.transport.collect(job)


def require_same_code(job: Job) -> None:
    """Raises:
    InputError: this machine has another version of lorvp than the user's.
    """
    facts = job.identity
    with _parsing:
        here = identity(job.point.trial, facts["dataset"], facts["checkpoint"])
    if here != facts:
        raise InputError(f"{os.uname().nodename} runs other code of lorvp than the run was made by")


idle: dict[str | None, list[Workers]] = defaultdict(list)
"""Of this process; by the devices that they see, since Ray may show it others for each trial."""
_numbers, _halvings = itertools.count(), Counter[str]()
_parsing = Lock()
"""Python 3.11 cannot parse in two threads at once: "AST constructor recursion depth mismatch"."""


@contextmanager
def a_worker(compute: ComputeConfig, home: Path) -> Iterator[Workers]:
    """One that trains nothing now, or a new one; devices take turns."""
    shown = idle[os.environ.get("CUDA_VISIBLE_DEVICES")]
    worker = shown.pop() if shown else _new(compute, home)
    try:
        yield worker
    finally:
        shown.append(worker)


def _new(compute: ComputeConfig, home: Path) -> Workers:
    # A worker of Dask is told to have no children, since it would leave them behind when it is
    # killed; ours end by themselves.
    multiprocessing.current_process().daemon = False
    places = slots_on(compute)
    worker = Workers(compute, [places[next(_numbers) % len(places)]], home)
    worker.halvings = _halvings
    return worker


def end_idle() -> None:
    """Stop what is kept for a next trial."""
    for worker in [worker for workers in idle.values() for worker in workers]:
        worker.end(at_once=True)
    idle.clear()


def _now_and_then(seconds: float, do: Callable[[], object]) -> Callable[[], None]:
    """Calls ``do``, but not so often."""
    last = time.monotonic()

    def call() -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            do()
            last = time.monotonic()

    return call
