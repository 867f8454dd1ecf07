"""Trials that are finished, told to the trackers as if they were trained just now."""

from __future__ import annotations

import logging
from dataclasses import fields
from typing import Any

from lorvp.training.epoch import Epoch
from lorvp.trials.store import TrialStore
from lorvp.trials.stored_history import read_history
from lorvp.trials.verified import read_record
from tasks.jobs import Job
from tasks.settings import TrackingConfig
from tasks.tracking.tracker import track

PLAIN = {field.name for field in fields(Epoch)} - {"placement"}


def send(job: Job, tracking: TrackingConfig, log: logging.Logger) -> None:
    """Tell all trackers of a finished trial: its epochs and its summary."""
    folder = TrialStore(job.store).folder(job.fingerprint)
    epochs = [as_epoch(row) for row in read_history(folder)]
    with track(job, tracking, log, lambda: epochs) as told:
        told.summary(read_record(folder)["summary"])


def as_epoch(row: dict[str, Any]) -> Epoch:
    """An epoch from its row in ``history.json``, where what the placement records is beside it."""
    plain = {key: value for key, value in row.items() if key in PLAIN}
    return Epoch(**plain, placement={k: v for k, v in row.items() if k not in PLAIN})
