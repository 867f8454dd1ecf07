"""Trials in worker processes of this machine."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from pebble import ProcessExpired

from tasks.jobs import Job
from tasks.machine.devices import seen_as, slots, slots_on
from tasks.runners.base import Team
from tasks.runners.pool import Slot, make_slots, prestarted_slots
from tasks.settings import ComputeConfig, TrackingConfig
from tasks.worker.failures import OutOfTime, Stopped, WorkerDied, memory_kills, ran_out_of_memory
from tasks.worker.log import Tail, log_file


class OnThisMachine:
    """The runner ``local``."""

    def __init__(self, compute: ComputeConfig) -> None:
        self.compute = compute

    def check(self) -> None: ...

    def prestarted(self, trials: int) -> AbstractContextManager[object]:
        return prestarted_slots(self.compute, trials)

    def task_runner(self) -> Any:
        """Two threads for each worker: Prefect does what it has to do before a trial while the
        trial before it trains."""
        from prefect.task_runners import ThreadPoolTaskRunner

        return ThreadPoolTaskRunner(max_workers=2 * slots(self.compute))

    def requesting_resources(self) -> AbstractContextManager[object]:
        return nullcontext()

    def team(self, jobs: list[Job], tell: Callable[[str], object]) -> AbstractContextManager[Team]:
        return workers(self.compute, tell)


@contextmanager
def workers(compute: ComputeConfig, tell: Callable[[str], object] = print) -> Iterator[Workers]:
    """Workers for the time of the block; when it is left early, they stop at once."""
    team = Workers(compute, slots_on(compute), Path.cwd(), tell)
    try:
        yield team
    except BaseException:
        team.end(at_once=True)
        raise
    team.end(at_once=False)


class Workers:
    """A slot for each trial that runs at once; a process that dies takes only its own trial with
    it."""

    def __init__(
        self,
        compute: ComputeConfig,
        places: Sequence[str],
        home: Path,
        tell: Callable[[str], object] = print,
    ) -> None:
        self.compute, self.home, self.tell = compute, home, tell
        self.halvings: Counter[str] = Counter()
        """By fingerprint: how often a trial ran out of memory."""
        self.stopped = False
        self._warned: set[str] = set()
        self.slots = make_slots(places, home)
        self._free: SimpleQueue[Slot] = SimpleQueue()
        for slot in self.slots:
            self._free.put(slot)

    def train(
        self, job: Job, tracking: TrackingConfig, log: Callable[[str], None] = lambda line: None
    ) -> dict:
        """Train one trial in a worker, on a device that is free, and wait for its record.

        ``log`` is given each line of the trial's log as it is written.

        Raises:
            Stopped: the whole run was.
            WorkerDied: the process was killed or crashed.
            OutOfTime: it took longer than ``compute.time_limit``.
            Exception: whatever went wrong inside the trial, as it was raised there.
        """
        slot = self._free.get()
        try:
            return self._train_in(slot, job, tracking, log)
        except Exception as error:
            if self.stopped:  # however its end looked from here
                raise Stopped("the run was stopped; whole epochs are kept") from error
            self.halvings[job.fingerprint] += ran_out_of_memory(error)
            raise
        finally:
            self._free.put(slot)

    def _train_in(
        self, slot: Slot, job: Job, tracking: TrackingConfig, log: Callable[[str], None]
    ) -> dict:
        self._require_running()
        before = memory_kills()
        tail = Tail(self.home / log_file(job.fingerprint))
        halvings = self.halvings[job.fingerprint]
        slow = self.compute.slow_precision
        future = slot.schedule(job, seen_as(slot.place), tracking, halvings, slow)
        try:
            return self._result(future, lambda: [log(line) for line in tail.new_lines()])
        except (ProcessExpired, BrokenProcessPool) as death:
            self._require_running()  # else it is we who ended it
            memory = None if before is None else memory_kills() != before
            raise WorkerDied.of(getattr(death, "exitcode", None), memory) from death

    def _result(self, future: Future[dict], pass_log_on: Callable[[], object]) -> dict:
        clock = _Clock(self.compute.time_limit)
        # A pool that is stopped can leave a future that never ends.
        while not wait([future], timeout=1).done:
            pass_log_on()
            self._require_running()
            if future.running() and clock.ran_out():
                future.cancel()  # which ends the process
                raise OutOfTime.after(clock.minutes)
        pass_log_on()
        return future.result()

    def _require_running(self) -> None:
        if self.stopped:
            raise Stopped("the run was stopped")

    def warn(self, line: str) -> None:
        """Tell a warning once, however many trials give it."""
        if line not in self._warned:
            self._warned.add(line)
            self.tell(line)

    def collect(self, job: Job) -> None:
        """Workers of this machine have put it into the user's store themselves."""

    def end(self, at_once: bool) -> None:
        """Stop the processes, or let them finish what they do."""
        self.stopped = at_once
        for slot in self.slots:
            slot.end(at_once)
        for slot in self.slots:
            slot.pool.join()


class _Clock:
    """Minutes from the first look at it; the user's clock may jump, and this one does not."""

    def __init__(self, minutes: float | None) -> None:
        self.minutes = math.inf if minutes is None else minutes
        self.began: float | None = None

    def ran_out(self) -> bool:
        now = time.monotonic()
        self.began = now if self.began is None else self.began
        return now - self.began > 60 * self.minutes
