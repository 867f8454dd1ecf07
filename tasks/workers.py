"""Worker processes: one trial at a time each, and a slot on a device for each."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from queue import SimpleQueue

import torch
from joblib import cpu_count
from pebble import ProcessExpired, ProcessPool

from lorvp.errors import InputError
from lorvp.params import ComputeConfig, TrackingConfig
from tasks.plan import Job
from tasks.training import start_worker, train_and_store

KEEP_MEMORY = {
    # An activation's memory that goes back to the system comes back as pages to be zeroed one by
    # one: 5 to 15 % of a step.
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
}
"""glibc reads these when a process starts; what the user has set stays."""


class WorkerDied(RuntimeError):  # noqa: N818 - it reads as what happened
    """A worker process ended in the middle of a trial; only that trial is lost."""


class Workers:
    """A pool of processes (pebble's: a worker that dies takes only its own trial with it)."""

    def __init__(self, compute: ComputeConfig) -> None:
        for name, value in KEEP_MEMORY.items():
            os.environ.setdefault(name, value)
        places = devices(compute)
        self._free: SimpleQueue[str] = SimpleQueue()
        for slot in range(slots(compute)):
            self._free.put(places[slot % len(places)])
        self.pool = ProcessPool(
            max_workers=slots(compute),
            context=multiprocessing.get_context("spawn"),
            initializer=start_worker,
            initargs=(os.getpid(),),
        )

    def train(self, job: Job, tracking: TrackingConfig) -> dict:
        """Train one trial in a worker, on a device that is free, and wait for its record.

        Raises:
            WorkerDied: the process was killed or crashed.
            Exception: whatever went wrong inside the trial, as it was raised there.
        """
        device = self._free.get()
        try:
            return self._result(self.pool.schedule(train_and_store, args=(job, device, tracking)))
        except ProcessExpired as death:
            raise WorkerDied(_cause(death)) from death
        finally:
            self._free.put(device)

    def _result(self, future: Future[dict]) -> dict:
        # A pool that is stopped can leave a future that never ends.
        while not wait([future], timeout=1).done:
            if not self.pool.active:
                raise WorkerDied("the run was stopped")
        return future.result()


@contextmanager
def workers(compute: ComputeConfig) -> Iterator[Workers]:
    """Workers for the time of the block; when it is left early, they stop at once."""
    team = Workers(compute)
    try:
        yield team
        team.pool.close()
    except BaseException:
        team.pool.stop()
        raise
    finally:
        team.pool.join()


def slots(compute: ComputeConfig) -> int:
    """How many trials run at once."""
    places = devices(compute)
    if compute.workers != "auto":
        return compute.workers
    return cpu_count() if places == ["cpu"] else len(places)


def devices(compute: ComputeConfig) -> list[str]:
    """The devices that trials take turns on."""
    if compute.device in ("cpu", "mps"):
        return [compute.device]
    found = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    if compute.device == "cuda" and not found:
        raise InputError("params.yaml: compute.device is cuda, but torch finds no CUDA device")
    return found or ["cpu"]


def _cause(death: ProcessExpired) -> str:
    code = death.exitcode
    if code == -9:
        return "the worker was killed (signal 9), most often because memory ran out"
    return f"the worker process ended with exit status {code}"
