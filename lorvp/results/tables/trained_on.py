"""On what a trial was trained, in which precision and beside how many others, in words.

All three move last bits and times, so that a reader who compares rows has to know them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

UNKNOWN = "unknown"
"""What a record does not tell, such as one of an older version."""
HEADING = "trained on"


def facts(record: Mapping[str, Any]) -> dict[str, str | int | None]:
    """From a trial.json: ``device``, the name of the GPU or processor, or ``unknown``; ``lanes``,
    to how many trials its batches were filled up (see lorvp/training/lanes.py), or None."""
    told = record.get("environment", {})
    device = told.get("device", UNKNOWN)
    if device == "cpu":
        device = told.get("processor", UNKNOWN)
    return {"device": device, "lanes": told.get("lanes")}


def in_words() -> pl.Expr:
    """Text such as ``NVIDIA H200, bf16, 32 lanes`` of a row of the tidy table."""
    device, lanes = pl.col("device"), pl.col("lanes")
    named = pl.when(device == UNKNOWN).then(pl.lit(f"{UNKNOWN} device")).otherwise(device)
    beside = (
        pl.when(lanes.is_null())
        .then(pl.lit(f", {UNKNOWN} lanes"))
        .when(lanes > 1)
        .then(pl.format(", {} lanes", lanes))
        .otherwise(pl.lit(""))
    )
    return pl.concat_str(named, pl.lit(", "), "precision", beside)


def of_seeds() -> pl.Expr:
    """All different words of the seeds of a mean, as ``trained_on``."""
    return in_words().unique().sort().str.join("; ").alias("trained_on")


def sentence(cells: pl.DataFrame) -> str | None:
    """What all rows of the details were trained on; None where they differ."""
    found = cells["trained_on"].unique()
    return f"All were trained on {found[0]}." if len(found) == 1 else None
