"""Statistics of the trials' predictions, kept so that predictions are read only once."""

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
"""Trials whose rows become one table at a time."""

KEPT = SCHEMA | {"record": pl.String}
"""``record`` is the SHA-256 of the trial's record: a trial that is trained again keeps its name."""


def statistics_of(trials: Iterable[str]) -> pl.DataFrame:
    """A row of statistics for each of these finished trials, in any order.

    Rows are kept in data/.work, and made again where the trial or the code that makes them changed.
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
