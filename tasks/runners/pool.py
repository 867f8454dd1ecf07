"""Slots: room for one group of trials at a time on a device, with a worker process in each.

They are our own since a pool of processes, of the standard library or of pebble, starts all its
processes in the same way, so none is bound to a device of its own, and one that dies in its start
breaks the whole pool. So each slot has a pool of one.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from multiprocessing import resource_tracker
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from pebble import ProcessPool

from tasks.machine.devices import slots_on
from tasks.settings import ComputeConfig
from tasks.worker.failures import Stopped
from tasks.worker.start import start_worker

T = TypeVar("T")


class Slot:
    """Room for one group of trials at a time on a device, and the process that trains it there.

    A pool of pebble's with one process: it starts another after one that died in a group, but
    gives up where one dies without any (in its start, or waiting), and then has to be replaced.
    """

    def __init__(self, place: str, home: Path) -> None:
        self.place, self.home, self.pool = place, home, _pool(place, home)
        self._ended, self._lock = False, Lock()

    def start(self) -> bool:
        """Start the process, unless it runs; whether it could be started."""
        with sigint_blocked():
            return self.pool.active  # reading it starts the process

    def schedule(self, work: Callable[..., T], *arguments: Any) -> Future[T]:
        """Call ``work`` in the process.

        Raises:
            Stopped: the slot has been ended, maybe just now.
        """
        with self._lock:
            if self._ended:
                raise Stopped("the run was stopped")
            if not self.start():
                self.pool.stop()
                self.pool.join()
                self.pool = _pool(self.place, self.home)
            with sigint_blocked():
                return self.pool.schedule(work, args=arguments)

    def end(self, at_once: bool) -> None:
        """Stop the process, or let it finish what it does."""
        with self._lock:
            self._ended = True
            self.pool.stop() if at_once else self.pool.close()


_prestarted: list[Slot] = []
"""Slots whose processes were started before there was a trial for them."""


@contextmanager
def prestarted_slots(compute: ComputeConfig, trials: int) -> Iterator[None]:
    """Start worker processes for ``trials`` trials, which import what they need while the block
    prepares something else. Those that nobody has taken end with the block."""
    _prestarted.extend(Slot(place, Path.cwd()) for place in slots_on(compute))
    try:
        for slot in _prestarted[:trials]:
            slot.start()
        yield
    finally:
        for slot in _prestarted:
            slot.end(at_once=True)
            slot.pool.join()
        _prestarted.clear()


def make_slots(places: Sequence[str], home: Path) -> list[Slot]:
    """A slot on each device of ``places``: the prestarted ones, if they are on just these."""
    if [(slot.place, slot.home) for slot in _prestarted] != [(place, home) for place in places]:
        return [Slot(place, home) for place in places]
    taken = list(_prestarted)
    _prestarted.clear()
    return taken


@contextmanager
def sigint_blocked() -> Iterator[None]:
    """Block SIGINT while processes and threads are started: they inherit the mask, so that only
    the main thread handles a Ctrl-C and then ends them. Else each process that still imports would
    show a traceback."""
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
