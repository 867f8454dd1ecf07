"""Worker processes: one trial at a time each, and a slot on a device for each."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import resource_tracker
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol

from pebble import ProcessExpired, ProcessPool

from tasks.jobs import Job
from tasks.machine.devices import seen_as, slots_on
from tasks.settings import ComputeConfig, TrackingConfig
from tasks.worker.failures import OutOfTime, Stopped, WorkerDied, memory_kills, ran_out_of_memory
from tasks.worker.log import Tail, log_file
from tasks.worker.trial import start_worker, train_and_store


class Team(Protocol):
    """What trains trials, here or on other machines."""

    @property
    def compute(self) -> ComputeConfig: ...

    def train(self, job: Job, tracking: TrackingConfig, heard: Callable[[str], None]) -> dict:
        """Train one trial and wait for its record; ``heard`` is given its log line by line."""
        ...

    def tell(self, line: str, /) -> object:
        """Say in the user's terminal what they should know before a trial has ended."""
        ...

    def warn(self, line: str, /) -> object:
        """The same of a trial's warning, which all of them may have cause to give."""
        ...

    def collect(self, job: Job) -> None:
        """Take a trial that was trained into the user's own store."""
        ...


class Slot:
    """Room for one trial at a time on a device, and the process that trains it there.

    A pool of pebble's with one process: it starts another after one that died in a trial, but
    gives up where one dies without any (in its start, or waiting), and then has to be replaced.
    """

    def __init__(self, place: str, home: Path) -> None:
        self.place, self.home, self.pool = place, home, _pool(place, home)

    def begin(self) -> bool:
        """Start the process, unless it runs; whether it could be started."""
        with _deaf_to_ctrl_c():
            return self.pool.active  # to ask starts it

    def schedule(self, *asked: Any) -> Future[dict]:
        if not self.begin():
            self.end(at_once=True)
            self.pool.join()
            self.pool = _pool(self.place, self.home)
        with _deaf_to_ctrl_c():
            return self.pool.schedule(train_and_store, args=asked)

    def end(self, at_once: bool) -> None:
        """Stop the process, or let it finish what it does."""
        self.pool.stop() if at_once else self.pool.close()


class Workers:
    """A slot for each trial that runs at once; what dies takes only its own trial with it."""

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
        self.slots = _taken(places, home) or [Slot(place, home) for place in places]
        self._free: SimpleQueue[Slot] = SimpleQueue()
        for slot in self.slots:
            self._free.put(slot)

    def train(
        self, job: Job, tracking: TrackingConfig, heard: Callable[[str], None] = lambda line: None
    ) -> dict:
        """Train one trial in a worker, on a device that is free, and wait for its record.

        ``heard`` is given each line of the trial's log as it is written.

        Raises:
            Stopped: the whole run was.
            WorkerDied: the process was killed or crashed.
            OutOfTime: it took longer than ``compute.time_limit``.
            Exception: whatever went wrong inside the trial, as it was raised there.
        """
        slot = self._free.get()
        try:
            return self._train_in(slot, job, tracking, heard)
        except Exception as error:
            if self.stopped:  # however its end looked from here
                raise Stopped("the run was stopped; whole epochs are kept") from error
            self.halvings[job.fingerprint] += ran_out_of_memory(error)
            raise
        finally:
            self._free.put(slot)

    def _train_in(
        self, slot: Slot, job: Job, tracking: TrackingConfig, heard: Callable[[str], None]
    ) -> dict:
        self._require_running()
        before = memory_kills()
        tail = Tail(self.home / log_file(job.fingerprint))
        halvings = self.halvings[job.fingerprint]
        slow = self.compute.slow_precision
        future = slot.schedule(job, seen_as(slot.place), tracking, halvings, slow)
        try:
            return self._result(future, lambda: [heard(line) for line in tail.new()])
        except (ProcessExpired, BrokenProcessPool) as death:
            self._require_running()  # else it is we who ended it
            memory = None if before is None else memory_kills() != before
            raise WorkerDied.of(getattr(death, "exitcode", None), memory) from death

    def _result(self, future: Future[dict], listen: Callable[[], object]) -> dict:
        clock = _Clock(self.compute.time_limit)
        # A pool that is stopped can leave a future that never ends.
        while not wait([future], timeout=1).done:
            listen()
            self._require_running()
            if future.running() and clock.ran_out():
                future.cancel()  # which ends the process
                raise OutOfTime.after(clock.minutes)
        listen()
        return future.result()

    def _require_running(self) -> None:
        if self.stopped:
            raise Stopped("the run was stopped")

    def warn(self, line: str) -> None:
        """Once, however many trials say it."""
        if line not in self._warned:
            self._warned.add(line)
            self.tell(line)

    def collect(self, job: Job) -> None:
        """It is there already."""

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


_ready: list[Slot] = []
"""Whose processes were started before anybody had a trial for them."""


@contextmanager
def started_early(compute: ComputeConfig, trials: int) -> Iterator[None]:
    """Worker processes for so many trials import what they need while something else is prepared in
    this block; the ``workers`` that want just these take them."""
    _ready.extend(Slot(place, Path.cwd()) for place in slots_on(compute))
    try:
        for slot in _ready[:trials]:
            slot.begin()
        yield
    finally:
        for slot in _ready:
            slot.end(at_once=True)
            slot.pool.join()
        _ready.clear()


def _taken(places: Sequence[str], home: Path) -> list[Slot]:
    """Those that were started early, if they are just what is wanted."""
    if [(slot.place, slot.home) for slot in _ready] != [(place, home) for place in places]:
        return []
    taken = list(_ready)
    _ready.clear()
    return taken


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


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Processes and threads that are started here leave a Ctrl-C to the main thread, which ends
    them: one that comes while they still import would show as many tracebacks as there are."""
    resource_tracker.ensure_running()  # its start, which every first process asks for, unblocks
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _pool(place: str, home: Path) -> ProcessPool:
    return ProcessPool(
        max_workers=1,
        context=multiprocessing.get_context("spawn"),
        initializer=start_worker,
        initargs=(os.getpid(), place, home),
    )
