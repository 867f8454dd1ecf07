"""What a run leaves, to be compared between runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl

from tests.pipeline.project import Project


def forget_trials(project: Project) -> None:
    """As if no prompt had been trained yet."""
    for folder in (project.store, project.prompts, project.tables):
        shutil.rmtree(folder)


def contents(folder: Path, name: str) -> dict[str, bytes]:
    """The bytes of a file of each trial."""
    return {path.parent.name: path.read_bytes() for path in folder.glob(f"*/{name}")}


def results(project: Project) -> pl.DataFrame:
    """results.parquet without what may differ between runs: time and order."""
    return (
        pl.read_parquet(project.tables / "results.parquet")
        .drop("seconds", "wall_seconds", "images_per_second")
        .sort("trial")
    )


def metrics(project: Project) -> dict[str, dict]:
    folder = project.tables / "metrics"
    return {path.name: json.loads(path.read_text()) for path in folder.iterdir()}


def files(project: Project) -> dict[Path, int]:
    """Everything below data/ and in the store, with its time of change; but who runs there, and
    which images were found whole."""
    folders = (project.repo / "data", project.store)
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    notes = project.repo / "data/.work/whole"
    kept = [path for path in found if path.stem != "run" and notes not in path.parents]
    return {path: path.stat().st_mtime_ns for path in kept}
