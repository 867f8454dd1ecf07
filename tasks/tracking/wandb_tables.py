"""The tables and pictures of a finished grid as a run of Weights & Biases."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import polars as pl
import wandb

from lorvp.files.listed import written
from lorvp.results.tables import Section
from tasks.settings import TrackingConfig
from tasks.tracking.wandb_trial import begin


def publish(
    tracking: TrackingConfig, folder: Path, results: pl.DataFrame, every: Sequence[Section]
) -> None:
    """Upload the tables and pictures of ``folder`` under their names, to one run for each grid."""
    grid = sha256(" ".join(sorted(results["trial"])).encode()).hexdigest()[:20]
    run = begin(tracking, logging.getLogger("lorvp"), id=grid, name="tables", job_type="tables")
    shown = {f"{s.name}/{one.title}": _table(one.cells) for s in every for one in s.tables}
    pictures = [folder / name for name in written(folder) if name.startswith("pictures/")]
    run.log({
        "results": _table(results),
        "report": wandb.Html(str(folder / "report.html"), inject=False),
        **shown,
        **{str(path.relative_to(folder)): wandb.Image(str(path)) for path in pictures},
    })  # fmt: skip
    run.finish()


def _table(table: pl.DataFrame) -> wandb.Table:
    return wandb.Table(columns=[*table.columns], data=[list(row) for row in table.iter_rows()])
