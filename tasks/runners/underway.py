"""A group of trials that is being trained, and the trial's own end of it."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from pathlib import Path

from tasks.jobs import Job
from tasks.settings import TrackingConfig
from tasks.worker.log import Tail, log_file


class Waiting:
    """A trial that somebody waits for: its record to come, and its log so far."""

    def __init__(self, job: Job, home: Path) -> None:
        self.job, self.record = job, Future[dict]()
        self.log = Tail(home / log_file(job.fingerprint))

    def end(self, what: dict | BaseException) -> None:
        """Hand over the record, or why there is none."""
        if isinstance(what, BaseException):
            self.record.set_exception(what)
        else:
            self.record.set_result(what)


class Underway:
    """The trials of a group that have not ended."""

    def __init__(self, jobs: Iterable[Job], width: int, tracking: TrackingConfig, home: Path):
        self.width, self.tracking = width, tracking
        self.waiting = {job.fingerprint: Waiting(job, home) for job in jobs}

    @property
    def jobs(self) -> tuple[Job, ...]:
        return tuple(each.job for each in self.waiting.values() if not each.record.done())

    def end(self, ended: dict[str, dict | Exception]) -> None:
        """Hand over what became of some of the trials."""
        for fingerprint, what in ended.items():
            self.waiting[fingerprint].end(what)

    def end_all(self, error: BaseException) -> None:
        """No trial that is left has a result, for this reason."""
        for job in self.jobs:
            self.waiting[job.fingerprint].end(error)
