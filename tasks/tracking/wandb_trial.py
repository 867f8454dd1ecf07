"""A trial as a run of Weights & Biases."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen
from weakref import WeakSet

import wandb
from wandb.errors import CommError, UsageError

from lorvp.text.redacted import redacted
from lorvp.training.epoch import Epoch
from lorvp.trials.result import history_rows
from tasks.jobs import Job
from tasks.paths import WORK
from tasks.settings import TrackingConfig

PATIENCE = 5
"""Seconds for W&B to answer at the start of a trial, and again to take what is left at its end."""
PAUSE = 600
"""Seconds in which no other trial of this worker waits for a W&B that did not answer."""


KEPT = (
    "runs are kept offline in data/wandb; send them later with "
    "`wandb sync data/wandb/wandb/offline-run-*`"
)


class WandbRun:
    """Writes the records of a trial to a run of W&B."""

    def __init__(self, run: Any) -> None:
        self.run = run
        OPEN.add(self)

    def epoch(self, epoch: Epoch) -> None:
        (row,) = history_rows([epoch])
        self.run.log(row, step=epoch.epoch)

    def summary(self, summary: dict[str, Any]) -> None:
        self.run.summary.update(summary)

    def finish(self, failed: bool) -> None:
        OPEN.discard(self)
        self.run.finish(exit_code=int(failed))


OPEN: WeakSet[WandbRun] = WeakSet()
"""The runs of this process that have not finished: of trials that are trained side by side."""


class Network:
    """Whether W&B can be reached, kept from trial to trial of a worker, since W&B itself would try
    for long each time."""

    quiet_until = 0.0

    def require(self, url: str) -> None:
        """Check that W&B answers, unless it did not do so a short while ago.

        Raises:
            CommError: there is no answer, now or then.
        """
        if time.monotonic() >= self.quiet_until and not answers(url):
            self.quiet_until = time.monotonic() + PAUSE
        if time.monotonic() < self.quiet_until:
            raise CommError(f"{url} does not answer")


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=PATIENCE):
            return True
    except HTTPError:
        return True
    except (OSError, HTTPException):
        return False


NETWORK = Network()


def start(
    job: Job, tracking: TrackingConfig, log: logging.Logger, earlier: Sequence[Epoch]
) -> WandbRun:
    """Start the run of a trial. A trial that goes on, or is synced twice, stays one run."""
    point = job.point
    run = begin(
        tracking,
        log,
        id=job.fingerprint,
        name=point.name,
        group=f"{point.method} · {point.mapping} · {point.trial.dataset}",
        tags=[tag[:64] for tag in job.tags],  # W&B refuses longer ones
        config=columns(job),
    )
    tracker = WandbRun(run)
    for epoch in () if run.resumed else earlier:
        tracker.epoch(epoch)
    return tracker


def begin(tracking: TrackingConfig, log: logging.Logger, **named: Any) -> Any:
    """Start a run of W&B: online where that is asked for and possible, else offline, to be synced
    later."""
    run = _online(tracking, log, named) if tracking.wandb == "online" else None
    return run or _init(tracking, "offline", named)


def _online(tracking: TrackingConfig, log: logging.Logger, named: dict[str, Any]) -> Any:
    """Start an online run; None, and a line in the log, where that is not possible.

    Raises:
        CommError, UsageError: it is not, and its id cannot be freed for a run that is offline.
    """
    try:
        NETWORK.require(wandb.setup().settings.base_url)
        if any(other.run.offline for other in OPEN):
            raise CommError("a trial beside this one could not be online")
    except CommError as error:
        _tell(error, log)
        return None
    try:
        return _init(tracking, "online", named)
    except (CommError, UsageError) as error:
        if OPEN:
            raise
        _tell(error, log)
        wandb.teardown()  # which frees the run's id, and would end all that are open
        return None


def _tell(error: Exception, log: logging.Logger) -> None:
    log.warning("W&B: %s; %s", redacted(str(error).partition("\n")[0]), KEPT)


def _init(tracking: TrackingConfig, mode: str, named: dict[str, Any]) -> Any:
    folder = WORK.parent / "wandb"
    folder.mkdir(parents=True, exist_ok=True)
    return wandb.init(
        project=tracking.project,
        entity=tracking.entity,
        dir=os.fspath(folder),
        mode=mode,  # type: ignore[arg-type]
        resume="allow",
        reinit="create_new",
        settings=wandb.Settings(
            silent=True,
            console="off",
            x_disable_stats=True,
            init_timeout=PATIENCE,
            login_timeout=PATIENCE,
            finish_timeout=PATIENCE,
        ),
        **named,
    )


def columns(job: Job) -> dict[str, Any]:
    """Flatten the trial's settings to one level of names, which W&B's tables and sweeps need.

    ``method`` and ``mapping`` are kinds and ``method_rank`` a setting; those of the training go
    by their own names, such as ``lr``.
    """
    trial = job.point.trial.model_dump(mode="json")
    training = trial.pop("training")
    return {"trial": job.fingerprint} | dict(_flat(trial)) | dict(_flat(training))


def _flat(settings: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in settings.items():
        name = f"{prefix}_{key}" if prefix else key
        if isinstance(value, dict):
            yield from _flat(value, name)
        else:
            yield name.removesuffix("_kind"), value
