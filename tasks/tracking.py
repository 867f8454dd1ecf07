"""Weights & Biases, if params.yaml asks for it: one run for each trial."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from lorvp.params import TrackingConfig
from lorvp.running import history_rows
from lorvp.training import Epoch
from tasks.places import WORK
from tasks.plan import Job


class Tracker(Protocol):
    """Where a trial's records go."""

    def epoch(self, epoch: Epoch) -> None: ...
    def summary(self, summary: dict[str, Any]) -> None: ...


class Nowhere:
    """The default: the trial store has everything."""

    def epoch(self, epoch: Epoch) -> None: ...
    def summary(self, summary: dict[str, Any]) -> None: ...


class WandbRun:
    """A run of W&B."""

    def __init__(self, run: Any) -> None:
        self.run = run

    def epoch(self, epoch: Epoch) -> None:
        (row,) = history_rows([epoch])
        self.run.log(row, step=epoch.epoch)

    def summary(self, summary: dict[str, Any]) -> None:
        self.run.summary.update(summary)


@contextmanager
def track(job: Job, tracking: TrackingConfig) -> Iterator[Tracker]:
    """A tracker for one trial, closed at the end of the block."""
    if tracking.wandb == "disabled":
        yield Nowhere()
        return
    run = _start(job, tracking)
    try:
        yield WandbRun(run)
    except BaseException:
        run.finish(exit_code=1)
        raise
    run.finish()


def _start(job: Job, tracking: TrackingConfig) -> Any:
    """Online where asked and possible; W&B keeps an offline run to sync later where it is not."""
    from wandb.errors import CommError, UsageError

    try:
        return _init(job, tracking, tracking.wandb)
    except (CommError, UsageError) as error:
        if tracking.wandb == "offline":
            raise
        warnings.warn(f"W&B cannot be reached, so this run is kept offline: {error}", stacklevel=1)
        return _init(job, tracking, "offline")


def _init(job: Job, tracking: TrackingConfig, mode: str) -> Any:
    import wandb

    folder = WORK.parent / "wandb"
    folder.mkdir(parents=True, exist_ok=True)
    point = job.point
    return wandb.init(
        project=tracking.project,
        entity=tracking.entity,
        dir=os.fspath(folder),
        mode=mode,  # type: ignore[arg-type]
        id=job.fingerprint,  # a run that is synced twice stays one run
        name=point.name,
        group=f"{point.method} · {point.mapping} · {point.trial.dataset}",
        tags=[point.trial.dataset, point.trial.network, point.method, point.mapping],
        config=point.trial.model_dump(mode="json"),
        reinit="create_new",
        settings=wandb.Settings(silent=True, console="off", x_disable_stats=True, init_timeout=10),
    )
