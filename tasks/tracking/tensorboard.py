"""TensorBoard: curves of each trial while it trains, without an account.

Event files lie in data/tensorboard: a folder for each trial, and one with the pictures of the grid.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lorvp.errors import InputError
from lorvp.files.listed import written
from lorvp.training.epoch import Epoch
from tasks.jobs import Job
from tasks.paths import WORK
from tasks.settings import TrackingConfig

if TYPE_CHECKING:
    import polars as pl
    from torch.utils.tensorboard.writer import SummaryWriter

    from lorvp.results.tables import Section

NAME = "TensorBoard"
FOLDER = WORK.parent / "tensorboard"
DELAY = 2
"""Seconds until what was written is in the file."""
TABLES = "tables"


def require(tracking: TrackingConfig) -> None:
    """Refuse to start without the package.

    Raises:
        InputError: it is not installed.
    """
    if find_spec("tensorboard") is None:
        raise InputError(
            "params.yaml: tracking.tensorboard: its package is not installed; run "
            "`uv sync --extra tensorboard`, or leave it out"
        )


def start(
    job: Job, tracking: TrackingConfig, log: logging.Logger, earlier: Sequence[Epoch]
) -> TensorBoardRun:
    """A trial that goes on is written anew from its first epoch, since what was written last before
    a stop may be missing or be there twice."""
    run = TensorBoardRun(_new_writer(folder_of(job)))
    for epoch in earlier:
        run.epoch(epoch)
    return run


def folder_of(job: Job) -> Path:
    """Where a trial's events are; TensorBoard names its curves by this folder."""
    point, trial = job.point, job.point.trial
    words = f"{point.method} {point.mapping} seed {trial.seed} {point.training}".strip()
    place = FOLDER / _in_a_path(trial.dataset) / _in_a_path(trial.network)
    return place / f"{_in_a_path(words)[:100]}_{job.fingerprint}"


def _in_a_path(words: str) -> str:
    return "".join(c if c.isalnum() or c in "=-" else "_" for c in words)


class TensorBoardRun:
    """Writes the records of a trial as scalars, and its ends beside its settings."""

    def __init__(self, writer: SummaryWriter) -> None:
        self.writer = writer

    def epoch(self, epoch: Epoch) -> None:
        for name, value in scalars(epoch):
            self.writer.add_scalar(name, value, epoch.epoch)

    def summary(self, summary: dict[str, Any]) -> None:
        numbers = {k: v for k, v in summary.items() if isinstance(v, int | float)}
        for name in sorted(numbers):
            self.writer.add_scalar(f"summary/{name}", numbers[name])

    def finish(self, failed: bool) -> None:
        self.writer.close()


def scalars(epoch: Epoch) -> Iterator[tuple[str, float]]:
    """The curves of a trial: those of one kind are in one picture."""
    yield "loss/train", epoch.train_loss
    yield "loss/val", epoch.val_loss
    yield "accuracy/train", epoch.train_accuracy
    yield "accuracy/val", epoch.val_accuracy
    yield "lr", epoch.lr
    for name, value in epoch.placement.items():
        yield f"placement/{name}", value


def publish(
    tracking: TrackingConfig, folder: Path, results: pl.DataFrame, every: Sequence[Section]
) -> None:
    """Show the pictures of a grid."""
    import numpy as np
    from PIL import Image

    writer = _new_writer(FOLDER / TABLES)
    for name in written(folder):
        if name.startswith("pictures/"):
            with Image.open(folder / name) as picture:
                writer.add_image(name, np.asarray(picture.convert("RGB")), dataformats="HWC")
    writer.close()


def _new_writer(folder: Path) -> SummaryWriter:
    from torch.utils.tensorboard.writer import SummaryWriter

    shutil.rmtree(folder, ignore_errors=True)
    return SummaryWriter(folder, flush_secs=DELAY)
