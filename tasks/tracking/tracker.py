"""Where a trial's records go beside the trial store: nowhere, or to Weights & Biases."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lorvp.experiment.params import TrackingConfig
from lorvp.text.redacted import redacted
from lorvp.training.trainer import Epoch
from tasks.jobs import Job
from tasks.tracking.wandb_key import hide_key

if TYPE_CHECKING:
    import polars as pl

    from lorvp.results.tables import Section


class Tracker(Protocol):
    """Is told of a trial."""

    def epoch(self, epoch: Epoch) -> None: ...
    def summary(self, summary: dict[str, Any]) -> None: ...
    def finish(self, failed: bool) -> None: ...


class Nowhere:
    """The default: the trial store has everything."""

    def epoch(self, epoch: Epoch) -> None: ...
    def summary(self, summary: dict[str, Any]) -> None: ...
    def finish(self, failed: bool) -> None: ...


class Careful:
    """Passes on what it is told until that fails once: the trial is worth more than a record of
    it, and the log says what happened."""

    def __init__(self, start: Callable[[], Tracker], log: logging.Logger) -> None:
        self.tracker: Tracker = Nowhere()
        self.log = log
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
            self.tracker = Nowhere()
            told = f"{type(error).__name__}: {redacted(str(error))}"
            self.log.warning("W&B failed, and the trial goes on without it: %s", told)


@contextmanager
def track(
    job: Job,
    tracking: TrackingConfig,
    log: logging.Logger,
    earlier: Callable[[], Sequence[Epoch]] = tuple,
) -> Iterator[Tracker]:
    """A tracker for one trial, closed at the end of the block.

    ``earlier`` gives the epochs before the trial was stopped, in case their record did not get
    through.
    """
    if tracking.wandb == "disabled":
        yield Nowhere()
        return
    from tasks.tracking.wandb_trial import start

    hide_key()
    tracker = Careful(lambda: start(job, tracking, log, earlier()), log)
    try:
        yield tracker
    except BaseException:
        tracker.finish(failed=True)
        raise
    tracker.finish(failed=False)


def track_tables(
    tracking: TrackingConfig, folder: Path, results: pl.DataFrame, every: Sequence[Section]
) -> None:
    """The same for the tables of a grid; they are there already, whatever W&B does."""
    if tracking.wandb == "disabled":
        return
    from tasks.tracking.wandb_tables import publish

    hide_key()
    try:
        publish(tracking, folder, results, every)
    except Exception as error:
        told = f"{type(error).__name__}: {redacted(str(error))}"
        print(f"W&B failed, and the tables are only here: {told}")
