"""Worker processes: one trial at a time each, and a slot on a device for each."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from queue import SimpleQueue

from pebble import ProcessExpired, ProcessPool

from lorvp.params import ComputeConfig, TrackingConfig
from tasks.devices import seen_as, slots_on
from tasks.failures import OutOfTime, Stopped, WorkerDied, ran_out_of_memory
from tasks.plan import Job
from tasks.training import start_worker, train_and_store
from tasks.trial_logs import Tail, log_file

KEEP_MEMORY = {
    # An activation's memory that goes back to the system comes back as pages to be zeroed one by
    # one: 5 to 15 % of a step.
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
}
"""glibc reads these when a process starts; what the user has set stays."""


class Workers:
    """A pool of processes for each device (pebble's: a worker that dies takes only its own trial
    with it)."""

    def __init__(self, compute: ComputeConfig) -> None:
        for name, value in KEEP_MEMORY.items():
            os.environ.setdefault(name, value)
        self.compute = compute
        self.halvings: Counter[str] = Counter()
        """By fingerprint: how often a trial ran out of memory."""
        self._free: SimpleQueue[str] = SimpleQueue()
        places = slots_on(compute)
        for place in places:
            self._free.put(place)
        self.pools = {place: _pool(place, number) for place, number in Counter(places).items()}

    def train(
        self, job: Job, tracking: TrackingConfig, heard: Callable[[str], None] = lambda line: None
    ) -> dict:
        """Train one trial in a worker, on a device that is free, and wait for its record.

        ``heard`` is given each line of the trial's log as it is written.

        Raises:
            WorkerDied: the process was killed or crashed.
            OutOfTime: it took longer than ``compute.time_limit``.
            Exception: whatever went wrong inside the trial, as it was raised there.
        """
        place = self._free.get()
        try:
            return self._train_on(place, job, tracking, heard)
        except Exception as error:
            self.halvings[job.fingerprint] += ran_out_of_memory(error)
            raise
        finally:
            self._free.put(place)

    def _train_on(
        self, place: str, job: Job, tracking: TrackingConfig, heard: Callable[[str], None]
    ) -> dict:
        limit, tail = self.compute.time_limit, Tail(log_file(job.fingerprint))
        asked = (job, seen_as(place), tracking, self.halvings[job.fingerprint])
        seconds = 60 * limit if limit else None
        future = self.pools[place].schedule(train_and_store, args=asked, timeout=seconds)
        try:
            return self._result(future, lambda: [heard(line) for line in tail.new()])
        except ProcessExpired as death:
            raise WorkerDied.of(death.exitcode) from death
        except TimeoutError as error:
            if limit is None:  # of something inside the trial
                raise
            raise OutOfTime(limit) from error

    def _result(self, future: Future[dict], listen: Callable[[], object]) -> dict:
        # A pool that is stopped can leave a future that never ends.
        while not wait([future], timeout=1).done:
            listen()
            if not all(pool.active for pool in self.pools.values()):
                raise Stopped("the run was stopped")
        listen()
        return future.result()


@contextmanager
def workers(compute: ComputeConfig) -> Iterator[Workers]:
    """Workers for the time of the block; when it is left early, they stop at once."""
    team = Workers(compute)
    pools = team.pools.values()
    try:
        yield team
        for pool in pools:
            pool.close()
    except BaseException:
        for pool in pools:
            pool.stop()
        raise
    finally:
        for pool in pools:
            pool.join()


def _pool(place: str, number: int) -> ProcessPool:
    return ProcessPool(
        max_workers=number,
        context=multiprocessing.get_context("spawn"),
        initializer=start_worker,
        initargs=(os.getpid(), place),
    )
