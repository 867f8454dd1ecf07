"""Test finished prompts on images from elsewhere; what has been tested before is kept."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl
from rich.progress import track

from lorvp.code_digest import digest_of
from lorvp.datasets import prepared
from lorvp.datasets.image_files import TestOnly
from lorvp.datasets.prepared import Prepared
from lorvp.errors import InputError
from lorvp.files.kept import find, keep
from lorvp.files.whole import canonical, to_json, write_whole
from lorvp.trials import distribution_shift
from lorvp.trials.verified import read_record
from tasks.jobs import Job, require_results
from tasks.machine.devices import devices, here
from tasks.paths import DATASETS, PROMPTS, SHIFTS
from tasks.searches.plan import final_jobs
from tasks.settings import RunExperiment

SUFFIX = ".parquet"
OURS = re.compile(r"[0-9a-f]{20}-[0-9a-f]{10,16}-([0-9a-f]{16}\.parquet|[0-9a-f]+\.part)")
"""The names of files of predictions; files of other names are the user's and stay."""


@dataclass(frozen=True, eq=False)
class Shift:
    """A finished trial and a test set it was not trained for; both are read once."""

    job: Job
    name: str

    @cached_property
    def images(self) -> Prepared:
        """The test set."""
        return prepared.read(DATASETS / self.name)

    @cached_property
    def stem(self) -> Path:
        """The name of the file of predictions without the checksum that ends it. It changes with
        the trial's bytes, the images and the code."""
        trial = read_record(PROMPTS / self.job.fingerprint)["sha256"]
        code = digest_of(["lorvp.trials.distribution_shift"])
        made_from = canonical([trial, self.images.digest, code])
        key = hashlib.sha256(made_from).hexdigest()[:16]
        return SHIFTS / f"{self.job.fingerprint}-{key}"

    def file(self) -> Path | None:
        """The file of predictions, if it is there and each byte as written."""
        return find(self.stem, SUFFIX)


def wanted(experiment: RunExperiment, jobs: list[Job]) -> Iterator[Shift]:
    """Each trial with each test set of its dataset."""
    sets = {n: d for n, d in experiment.params.datasets.items() if isinstance(d, TestOnly)}
    for job in jobs:
        for name, config in sets.items():
            if config.of == job.point.trial.dataset:
                yield Shift(job, name)


def measure_shifts(experiment: RunExperiment) -> None:
    """Make data/shifts hold the predictions of exactly the grid's trials and their test sets.

    Raises:
        InputError: a trial has no current result, or a test set has classes of its own.
    """
    jobs = final_jobs(experiment)
    every = list(wanted(experiment, jobs))
    if every:
        require_results(jobs)
    SHIFTS.mkdir(parents=True, exist_ok=True)
    files = {shift: file for shift in every if (file := shift.file()) is not None}
    for path in set(SHIFTS.iterdir()) - set(files.values()):
        if OURS.fullmatch(path.name):
            path.unlink()
    missing = [shift for shift in every if shift not in files]
    print(f"{len(every)} tests on images from elsewhere: {len(missing)} to do")
    for images in {shift.name: shift.images for shift in missing}.values():
        images.require_whole()
    device = devices(here(experiment.params.compute))[0]
    for shift in track(missing, "tests", disable=not missing):
        files[shift] = keep(shift.stem, SUFFIX, _measured(shift, device).write_parquet)
    facts = ((shift.job.fingerprint, shift.name, files[shift].name) for shift in every)
    index = [dict(zip(("trial", "on", "file"), one, strict=True)) for one in facts]
    write_whole(SHIFTS / "index.json", to_json(index))


def _measured(shift: Shift, device: str) -> pl.DataFrame:
    job, names = shift.job, prepared.read(shift.job.dataset).class_names
    prompt = PROMPTS / job.fingerprint
    return distribution_shift.measured(
        job.point.trial, prompt, job.checkpoint, names, shift.images, device
    )


def shift_accuracies(experiment: RunExperiment, jobs: list[Job]) -> pl.DataFrame:
    """One row for each trial and test set: ``trial``, ``shift``, ``images``, ``accuracy``.

    Raises:
        InputError: a file of predictions is not there, or damaged.
    """
    rows = []
    for shift in wanted(experiment, jobs):
        if (file := shift.file()) is None:
            raise InputError(
                f"{shift.job.point.name} has no current result on {shift.name} in {SHIFTS}; run "
                "`dvc repro`, or `python -m flows.shifts` if it finds nothing to do (a file was "
                "damaged)"
            )
        table = pl.read_parquet(file)
        right = table.select((pl.col("label") == pl.col("predicted")).mean()).item()
        rows.append((shift.job.fingerprint, shift.name, table.height, right))
    schema = {"trial": pl.String, "shift": pl.String, "images": pl.Int64, "accuracy": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")
