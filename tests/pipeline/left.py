"""The files that a run leaves, to be compared between runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl

from tests.pipeline.project import Project


def forget_trials(project: Project) -> None:
    """Remove all trials, so that none has been trained yet."""
    for folder in (project.store, project.prompts, project.tables):
        shutil.rmtree(folder)


def contents(folder: Path, name: str) -> dict[str, bytes]:
    """The bytes of one file of each trial, by fingerprint."""
    return {path.parent.name: path.read_bytes() for path in folder.glob(f"*/{name}")}


def results(project: Project) -> pl.DataFrame:
    """results.parquet without times and lanes, in an order that does not depend on the run."""
    return (
        pl.read_parquet(project.tables / "results.parquet")
        .drop("seconds", "wall_seconds", "images_per_second", "lanes")
        .sort("trial")
    )


def metrics(project: Project) -> dict[str, dict]:
    """The contents of each file of metrics, by its name."""
    folder = project.tables / "metrics"
    return {path.name: json.loads(path.read_text()) for path in folder.iterdir()}


def files(project: Project) -> dict[Path, int]:
    """All files below data/ and in the store with their times of change, without the notes on
    running processes, on images that were found whole and on networks that can be used."""
    folders = (project.repo / "data", project.store)
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    notes = {project.repo / "data/.work" / name for name in ("whole", "usable")}
    kept = [p for p in found if p.stem != "run" and not notes & {p, *p.parents}]
    return {path: path.stat().st_mtime_ns for path in kept}
