"""What is kept of each trial's predictions, so that they are read once and not for every table."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from lorvp.code_digest import digest_of
from lorvp.files.kept import find, keep
from lorvp.results.tables.trial_statistics import SCHEMA, statistics
from lorvp.trials.verified import read_record
from tasks.paths import PROMPTS, WORK

SUFFIX = ".parquet"
TOGETHER = 1000
"""Trials whose rows are made before they are packed."""


KEPT = SCHEMA | {"record": pl.String}
"""``record``: the SHA-256 of the trial, since one that is trained again has the same name."""


def statistics_of(trials: Iterable[str]) -> pl.DataFrame:
    """The row of each of these finished trials, in any order.

    A row is kept in data/.work until its trial, or the code that makes it, is another.
    """
    wanted = {trial: read_record(PROMPTS / trial)["sha256"] for trial in trials}
    stem = WORK / f"statistics-{digest_of(['lorvp.results.tables.trial_statistics'])}"
    kept = _kept(stem, wanted)
    missing = sorted(set(wanted) - set(kept["trial"]))
    if missing:
        starts = range(0, len(missing), TOGETHER)
        made = (_rows({t: wanted[t] for t in missing[i : i + TOGETHER]}) for i in starts)
        kept = pl.concat([kept, *made])
        keep(stem, SUFFIX, kept.write_parquet)
    return kept.drop("record")


def _kept(stem: Path, wanted: dict[str, str]) -> pl.DataFrame:
    path = find(stem, SUFFIX)
    if path is None:
        return pl.DataFrame(schema=KEPT)
    rows, schema = list(wanted.items()), {"trial": pl.String, "record": pl.String}
    same = pl.LazyFrame(rows, schema=schema, orient="row")
    found = pl.scan_parquet(path).join(same, on=["trial", "record"], how="semi")
    return found.collect(engine="streaming")


def _rows(wanted: dict[str, str]) -> pl.DataFrame:
    rows = [_row(trial) | {"record": record} for trial, record in wanted.items()]
    return pl.DataFrame(rows, schema=KEPT)


def _row(trial: str) -> dict:
    folder = PROMPTS / trial
    predictions = pl.read_parquet(folder / "predictions.parquet")
    classes = len(read_record(folder)["task"]["class_names"])
    return statistics(trial, predictions, classes)
