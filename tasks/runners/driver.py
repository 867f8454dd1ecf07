"""Trains a group of trials in a slot, and what becomes of the others when that fails."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any

from pebble import ProcessExpired

from tasks.jobs import Job
from tasks.machine.devices import seen_as
from tasks.runners.pool import Slot
from tasks.runners.underway import Underway
from tasks.worker import group as worker
from tasks.worker.failures import (
    Busy,
    OutOfTime,
    Stopped,
    WorkerDied,
    memory_kills,
    ran_out_of_memory,
)
from tasks.worker.lane import Group

if TYPE_CHECKING:
    from tasks.runners.local import Workers


class Driver:
    """Trains the trials of a group together, and what is left of them in smaller groups."""

    def __init__(self, team: Workers, slot: Slot, group: Underway) -> None:
        self.team, self.slot, self.group = team, slot, group

    def run(self) -> None:
        """Train all trials; each is told of its end.

        Raises:
            Exception: with which all trials end that have not ended.
        """
        self._train(self.group.jobs, self.group.width)
        for job in self.group.jobs:  # those that another process was just training
            self._train((job,), self.group.width)

    def _train(self, jobs: tuple[Job, ...], width: int) -> None:
        """Train these of the group's trials, together as long as that goes well."""
        try:
            self._train_together(jobs, width)
        except Stopped:
            raise
        except Exception as error:
            left = tuple(job for job in jobs if job in self.group.jobs)
            if not left:
                return
            if ran_out_of_memory(error) and width > 1:
                self._in_fewer_lanes(left, width)
            elif len(jobs) > 1:
                self.team.tell(f"{error}; {len(left)} of {len(jobs)} trials go on one by one")
                for job in left:
                    self._train((job,), width)
            else:
                self.group.end({job.fingerprint: error for job in left})

    def _in_fewer_lanes(self, jobs: tuple[Job, ...], width: int) -> None:
        fewer = width // 2
        at_a_time = "1 lane" if fewer == 1 else f"{fewer} lanes"
        self.team.warn(f"memory ran out: {at_a_time} at a time in place of {width}")
        for first in range(0, len(jobs), fewer):
            self._train(jobs[first : first + fewer], fewer)

    def _train_together(self, jobs: tuple[Job, ...], width: int) -> None:
        before, clock = memory_kills(), _Clock(self.team.compute.time_limit)
        group = Group(
            jobs,
            seen_as(self.slot.place),
            self.group.tracking,
            width,
            self.team.halvings[jobs[0].fingerprint] if len(jobs) == 1 else 0,
            self.team.compute.slow_precision,
        )
        try:
            report = self._answer(clock, worker.begin, group)
            while report.more:
                self.group.end(_for_good(report.ended))
                report = self._answer(clock, worker.go_on)
        except (ProcessExpired, BrokenProcessPool) as death:
            self.team.require_running()  # else it is we who ended it
            memory = None if before is None else memory_kills() != before
            raise WorkerDied.of(getattr(death, "exitcode", None), memory) from death

    def _answer(
        self, clock: _Clock, work: Callable[..., worker.Report], *given: Any
    ) -> worker.Report:
        """What the process answers, which may never come from a pool that is stopped."""
        self.team.require_running()
        future: Future[worker.Report] = self.slot.schedule(work, *given)
        while not wait([future], timeout=1).done:
            self.team.require_running()
            if future.running() and clock.ran_out():
                future.cancel()  # which ends the process
                raise OutOfTime.after(clock.minutes)
        return future.result()


def _for_good(ended: worker.Ended) -> worker.Ended:
    """Without the trials that have only to wait."""
    return {name: what for name, what in ended.items() if not isinstance(what, Busy)}


class _Clock:
    """Minutes from the first look at it; the user's clock may jump, and this one does not."""

    def __init__(self, minutes: float | None) -> None:
        self.minutes = math.inf if minutes is None else minutes
        self.began: float | None = None

    def ran_out(self) -> bool:
        now = time.monotonic()
        self.began = now if self.began is None else self.began
        return now - self.began > 60 * self.minutes
