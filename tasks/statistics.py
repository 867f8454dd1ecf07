"""What is kept of each trial's predictions, so that they are read once and not for every table."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from lorvp.code import digest_of
from lorvp.stored import read_record
from lorvp.tables.statistics import SCHEMA, statistics
from tasks.places import PROMPTS, WORK

TOGETHER = 1000
"""Trials whose rows are made before they are packed."""


def statistics_of(trials: Iterable[str]) -> pl.DataFrame:
    """The row of each of these finished trials, in any order.

    A trial never changes, so its row is kept in data/.work until the code that makes it does.
    """
    wanted = set(trials)
    path = WORK / f"statistics-{digest_of(['lorvp.tables.statistics'])}.parquet"
    kept = _kept(path, wanted)
    missing = sorted(wanted - set(kept["trial"]))
    if not missing:
        return kept
    starts = range(0, len(missing), TOGETHER)
    found = pl.concat([kept, *(_rows(missing[start : start + TOGETHER]) for start in starts)])
    _write(found, path)
    return found


def _kept(path: Path, wanted: set[str]) -> pl.DataFrame:
    if not path.exists():
        return pl.DataFrame(schema=SCHEMA)
    trials = pl.Series(sorted(wanted), dtype=pl.String).implode()
    return pl.scan_parquet(path).filter(pl.col("trial").is_in(trials)).collect(engine="streaming")


def _rows(trials: Iterable[str]) -> pl.DataFrame:
    return pl.DataFrame([_row(trial) for trial in trials], schema=SCHEMA)


def _row(trial: str) -> dict:
    folder = PROMPTS / trial
    predictions = pl.read_parquet(folder / "predictions.parquet")
    classes = len(read_record(folder)["task"]["class_names"])
    return statistics(trial, predictions, classes)


def _write(table: pl.DataFrame, path: Path) -> None:
    """By way of a neighbour, so that a run that is stopped leaves no half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f"{path.name}-{os.getpid()}")
    table.write_parquet(scratch)
    os.replace(scratch, path)
