"""The trials that this process waits for, as their logs tell: how far each is, and what is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tasks.jobs import Job
from tasks.worker.log import Seen, seen_epoch


@dataclass
class Running:
    """One trial from the first line of its log on."""

    name: str
    epochs: int
    last: Seen | None = None
    _first: tuple[int, float] | None = None
    """The first epoch that was seen, which is not 0 in a trial that goes on, and when."""
    _now: float = 0.0

    def saw(self, seen: Seen, now: float) -> None:
        """Take note of an epoch's end at the time ``now``, in seconds."""
        self._first = self._first or (seen.epoch, now)
        self.last, self._now = seen, now

    @property
    def share(self) -> float:
        """How much of the trial is done, in 0..1."""
        return min(1.0, (self.last.epoch + 1) / self.epochs) if self.last else 0.0

    @property
    def left(self) -> float | None:
        """Seconds until its last epoch ends, at the speed so far; None before a second epoch."""
        if self.last is None or self._first is None or self.last.epoch <= self._first[0]:
            return None
        each = (self._now - self._first[1]) / (self.last.epoch - self._first[0])
        return max(0.0, each * (self.epochs - 1 - self.last.epoch))


@dataclass
class RunningTrials:
    """The trials that run now, in the order in which they began."""

    changed: Callable[[Running], object] = lambda running: None
    """Is told of each trial that goes on."""
    now: Callable[[], float] = time.monotonic
    trials: dict[str, Running] = field(default_factory=dict)

    def heard(self, job: Job, message: str) -> None:
        """Take note of a line of a trial's log."""
        training = job.point.trial.training
        running = self.trials.setdefault(job.fingerprint, Running(job.point.name, training.epochs))
        if seen := seen_epoch(message):
            running.saw(seen, self.now())
        self.changed(running)

    def ended(self, job: Job) -> None:
        """Forget a trial that has ended, however it did."""
        self.trials.pop(job.fingerprint, None)

    @property
    def share(self) -> float:
        """The trials that are done, counted in parts."""
        return sum(running.share for running in [*self.trials.values()])


_listening: list[RunningTrials] = []
"""Who is told in this process. On a machine of a cluster nobody is."""


@contextmanager
def listening(trials: RunningTrials) -> Iterator[None]:
    """In this block ``trials`` hears of all trials that this process waits for."""
    _listening.append(trials)
    try:
        yield
    finally:
        _listening.remove(trials)


def tell(job: Job, message: str) -> None:
    """A trial wrote ``message`` into its log."""
    for trials in _listening:
        trials.heard(job, message)


def tell_end(job: Job) -> None:
    """A trial has ended."""
    for trials in _listening:
        trials.ended(job)
