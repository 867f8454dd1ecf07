"""Test finished prompts on images from elsewhere; what has been tested before is kept."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from rich.progress import track
from safetensors.torch import load_file

from lorvp import shifts
from lorvp.code import digest_of
from lorvp.datasets import prepared
from lorvp.datasets.real_files import TestOnly
from lorvp.files import to_json, write_whole
from lorvp.networks import checkpoint
from lorvp.params import Experiment
from lorvp.running import build, predictions
from lorvp.store import TrialStore
from tasks.devices import devices
from tasks.places import DATASETS, PROMPTS, SHIFTS
from tasks.plan import Job, make_jobs, require_results

OURS = re.compile(r"[0-9a-f]{20}-[0-9a-f]{10}-[0-9a-f]{16}\.(parquet|part)")
"""Names of files of predictions; others are somebody else's."""


@dataclass(frozen=True)
class Shift:
    """A finished trial and a test set it was not trained for."""

    job: Job
    name: str

    @property
    def dataset(self) -> Path:
        return DATASETS / self.name

    @property
    def file(self) -> Path:
        """Its predictions; the name changes with the trial, the images and the code."""
        code = digest_of(["lorvp.shifts"])
        digest = prepared.read(self.dataset).digest
        return SHIFTS / f"{self.job.fingerprint}-{digest[:10]}-{code}.parquet"


def wanted(experiment: Experiment, jobs: list[Job]) -> Iterator[Shift]:
    """Every trial with every test set of its dataset."""
    sets = {n: d for n, d in experiment.params.datasets.items() if isinstance(d, TestOnly)}
    for job in jobs:
        for name, config in sets.items():
            if config.of == job.point.trial.dataset:
                yield Shift(job, name)


def measure_shifts(experiment: Experiment) -> None:
    """Make data/shifts hold the predictions of exactly these.

    Raises:
        InputError: a trial has no current result, or a test set has classes of its own.
    """
    jobs = make_jobs(experiment, TrialStore(PROMPTS))
    every = list(wanted(experiment, jobs))
    if every:
        require_results(jobs)
    SHIFTS.mkdir(parents=True, exist_ok=True)
    for path in set(SHIFTS.iterdir()) - {shift.file for shift in every}:
        if OURS.fullmatch(path.name):
            path.unlink()
    index = [{"trial": s.job.fingerprint, "on": s.name, "file": s.file.name} for s in every]
    write_whole(SHIFTS / "index.json", to_json(index))
    missing = [shift for shift in every if not shift.file.exists()]
    print(f"{len(every)} tests on images from elsewhere: {len(missing)} to do")
    device = devices(experiment.params.compute)[0]
    for shift in track(missing, "tests", disable=not missing):
        _measure(shift, device)


def _measure(shift: Shift, device: str) -> None:
    job, names = shift.job, prepared.read(shift.job.dataset).class_names
    network = checkpoint.load(job.checkpoint).to(device)
    model = build(job.point.trial, network, names)
    model.load_trained_state(load_file(PROMPTS / job.fingerprint / "weights.safetensors"))
    shifted = prepared.read(shift.dataset)
    found, labels_N = shifts.answers(model.to(device), names, shifted, device)
    scratch = shift.file.with_suffix(".part")
    predictions(found, labels_N).write_parquet(scratch)
    os.replace(scratch, shift.file)


def shift_accuracies(experiment: Experiment, jobs: list[Job]) -> pl.DataFrame:
    """One row for each trial and test set: ``trial``, ``shift``, ``images``, ``accuracy``."""
    rows = []
    for shift in wanted(experiment, jobs):
        table = pl.read_parquet(shift.file)
        right = table.select((pl.col("label") == pl.col("predicted")).mean()).item()
        rows.append((shift.job.fingerprint, shift.name, table.height, right))
    schema = {"trial": pl.String, "shift": pl.String, "images": pl.Int64, "accuracy": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")
