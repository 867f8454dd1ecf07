"""Weights & Biases: a run for each trial, and one for the tables of a grid."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lorvp.training.epoch import Epoch
from tasks.jobs import Job
from tasks.settings import TrackingConfig
from tasks.tracking.wandb_key import hide_key

if TYPE_CHECKING:
    import polars as pl

    from lorvp.results.tables import Section
    from tasks.tracking.wandb_trial import WandbRun

NAME = "W&B"


def require(tracking: TrackingConfig) -> None:
    """Its package is one of the pipeline's, and runs without a login are kept offline."""


def start(
    job: Job, tracking: TrackingConfig, log: logging.Logger, earlier: Sequence[Epoch]
) -> WandbRun:
    from tasks.tracking import wandb_trial

    hide_key()
    return wandb_trial.start(job, tracking, log, earlier)


def publish(
    tracking: TrackingConfig, folder: Path, results: pl.DataFrame, every: Sequence[Section]
) -> None:
    from tasks.tracking import wandb_tables

    hide_key()
    wandb_tables.publish(tracking, folder, results, every)
