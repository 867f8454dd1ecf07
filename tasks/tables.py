"""Write data/tables from the trials that params.yaml asks for, never from what lies around."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl

from lorvp import pictures, published, tables
from lorvp.files import to_json, whole_folder
from lorvp.networks import checkpoint
from lorvp.params import Experiment
from lorvp.store import TrialStore, read_record
from tasks.gallery import write_gallery
from tasks.places import CHECKPOINTS, PROMPTS, TABLES, WORK
from tasks.plan import Job, make_jobs, require_results
from tasks.shifts import shift_accuracies

NO_SHIFTS = "No dataset of this experiment has only test images, such as imagenet_r has."
NO_NUMBERS = "No published number that is known here has these settings."


def write_tables(experiment: Experiment) -> None:
    """Fill data/tables; see the README for what each file is.

    Raises:
        InputError: a trial of the grid has no result for these settings, data, weights and code.
    """
    jobs = make_jobs(experiment, TrialStore(PROMPTS))
    require_results(jobs)
    results = tables.results((job.point, read_record(PROMPTS / job.fingerprint)) for job in jobs)
    with whole_folder(TABLES, WORK) as folder:
        write_numbers(folder, results)
        write_published(folder, results, experiment)
        shifted = tables.shifts(results, shift_accuracies(experiment, jobs))
        (folder / "shifts.md").write_text(tables.or_else(shifted, NO_SHIFTS))
        write_pictures(folder / "pictures", results, jobs)
    print(tables.markdown(tables.comparison(results)))


def write_numbers(folder: Path, results: pl.DataFrame) -> None:
    """The tidy table, the comparison, and one file of metrics for each row of it."""
    comparison = tables.comparison(results)
    results.write_parquet(folder / "results.parquet")
    results.write_csv(folder / "results.csv")
    comparison.write_csv(folder / "comparison.csv")
    (folder / "comparison.md").write_text(tables.markdown(comparison))
    (folder / "metrics").mkdir()
    for row, accuracies in tables.metrics(results).items():
        (folder / "metrics" / f"{file_name(row)}.json").write_text(to_json(accuracies))


def write_published(folder: Path, results: pl.DataFrame, experiment: Experiment) -> None:
    """Our accuracies beside those of papers, where there are any for the same settings."""
    names = experiment.params.checkpoints
    sources = {name: checkpoint.read_manifest(CHECKPOINTS / name).source for name in names}
    found = published.beside(results, experiment.params.datasets, sources)
    found.write_csv(folder / "published.csv")
    (folder / "published.md").write_text(tables.or_else(found, NO_NUMBERS))


def write_pictures(folder: Path, results: pl.DataFrame, jobs: list[Job]) -> None:
    """Two pictures of everything, and a folder of details for each dataset and network."""
    folder.mkdir()
    pictures.save(pictures.accuracy_by_method(results), folder / "accuracy.png")
    pictures.save(pictures.accuracy_by_values(results), folder / "values.png")
    pairs: dict[str, list[Job]] = {}
    for job in jobs:
        pairs.setdefault(f"{job.point.trial.dataset}-{job.point.trial.network}", []).append(job)
    for name, group in pairs.items():
        (folder / name).mkdir()
        pictures.save(pictures.learning_curves(histories(group)), folder / name / "curves.png")
        write_gallery(folder / name, group)


def histories(jobs: list[Job]) -> pl.DataFrame:
    """One row for each epoch of each trial."""
    frames = [
        pl.DataFrame(json.loads((PROMPTS / job.fingerprint / "history.json").read_text())).select(
            pl.lit(" ".join(filter(None, [job.point.method, job.point.training]))).alias("method"),
            pl.lit(job.point.mapping).alias("mapping"),
            pl.lit(job.point.trial.seed).alias("seed"),
            "epoch",
            "val_accuracy",
        )
        for job in jobs
    ]
    return pl.concat(frames)


def file_name(text: str) -> str:
    """``lor_vp r=4`` as ``lor_vp_r4``."""
    return re.sub(r"[^\w.-]+", "_", text.replace("=", "")).strip("_")
