"""Where a trial's records go beside the trial store: to the services that are switched on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lorvp.text.redacted import redacted
from lorvp.training.epoch import Epoch
from tasks.jobs import Job
from tasks.settings import TrackingConfig

if TYPE_CHECKING:
    import polars as pl

    from lorvp.results.tables import Section


class Tracker(Protocol):
    """Receives the records of one trial."""

    def epoch(self, epoch: Epoch) -> None: ...
    def summary(self, summary: dict[str, Any]) -> None: ...
    def finish(self, failed: bool) -> None: ...


class Everyone:
    """All trackers of a trial; there may be none, since the trial store has everything."""

    def __init__(self, trackers: Sequence[Tracker] = ()) -> None:
        self.trackers = tuple(trackers)

    def epoch(self, epoch: Epoch) -> None:
        for tracker in self.trackers:
            tracker.epoch(epoch)

    def summary(self, summary: dict[str, Any]) -> None:
        for tracker in self.trackers:
            tracker.summary(summary)

    def finish(self, failed: bool) -> None:
        for tracker in self.trackers:
            tracker.finish(failed)


class Service(Protocol):
    """The functions of a tracker's module; ``tasks.settings.TRACKERS`` lists the modules."""

    NAME: str
    """The service's name in messages."""

    def require(self, tracking: TrackingConfig) -> None:
        """Before any work: refuse what cannot be.

        Raises:
            InputError: with what would be right.
        """
        ...

    def start(
        self,
        job: Job,
        tracking: TrackingConfig,
        log: logging.Logger,
        earlier: Sequence[Epoch],
    ) -> Tracker:
        """Start a tracker of one trial, and hand it the epochs before the trial was stopped."""
        ...

    def publish(
        self,
        tracking: TrackingConfig,
        folder: Path,
        results: pl.DataFrame,
        every: Sequence[Section],
    ) -> None:
        """Upload the tables and pictures in ``folder``."""
        ...


class Careful:
    """Passes on what it is told until that fails once: the trial is worth more than a record of
    it, and the log says what happened."""

    def __init__(self, name: str, start: Callable[[], Tracker], log: logging.Logger) -> None:
        self.name, self.log = name, log
        self.tracker: Tracker = Everyone()
        self._try(lambda: setattr(self, "tracker", start()))

    def epoch(self, epoch: Epoch) -> None:
        self._try(lambda: self.tracker.epoch(epoch))

    def summary(self, summary: dict[str, Any]) -> None:
        self._try(lambda: self.tracker.summary(summary))

    def finish(self, failed: bool) -> None:
        self._try(lambda: self.tracker.finish(failed))

    def _try(self, action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as error:
            self.tracker = Everyone()
            told = _described(error)
            self.log.warning("%s failed, and the trial goes on without it: %s", self.name, told)


def require(tracking: TrackingConfig) -> None:
    """Before any work: have each tracker refuse what it cannot do.

    Raises:
        InputError: with what would be right.
    """
    for service in tracking.services:
        service.require(tracking)


@contextmanager
def track(
    job: Job,
    tracking: TrackingConfig,
    log: logging.Logger,
    earlier: Callable[[], Sequence[Epoch]] = tuple,
) -> Iterator[Everyone]:
    """All trackers of one trial, which are finished at the end of the block.

    ``earlier`` gives the epochs before the trial was stopped, in case their record did not get
    through.
    """
    services: list[Service] = tracking.services
    told = Everyone([_careful(service, job, tracking, log, earlier) for service in services])
    try:
        yield told
    except BaseException:
        told.finish(failed=True)
        raise
    told.finish(failed=False)


def _careful(
    service: Service,
    job: Job,
    tracking: TrackingConfig,
    log: logging.Logger,
    earlier: Callable[[], Sequence[Epoch]],
) -> Careful:
    return Careful(service.NAME, lambda: service.start(job, tracking, log, earlier()), log)


def track_tables(
    tracking: TrackingConfig, folder: Path, results: pl.DataFrame, every: Sequence[Section]
) -> None:
    """Hand the tables of a grid to each service. They are on disk already, so a failure is only
    printed."""
    for service in tracking.services:
        try:
            service.publish(tracking, folder, results, every)
        except Exception as error:
            print(f"{service.NAME} failed, and the tables are only here: {_described(error)}")


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {redacted(str(error))}"
