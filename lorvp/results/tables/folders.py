"""Folders of trained prompts as a table: seeds together, the best on validation images first.

It has the order in which a prompt is chosen: test images choose nothing here either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from lorvp.experiment.trial import Trial
from lorvp.files.whole import canonical
from lorvp.results.tables.alike import told_apart
from lorvp.results.tables.cells import with_spread

SEED = re.compile(r" · seed \d+$")
GROUP = ["dataset", "network", "prompt", "of"]
"""The columns in which prompts agree that differ only in the seed."""
TAKES = "predict takes"


def ranking(
    records: Mapping[Path, dict[str, Any]], trials: Mapping[Path, Trial], takes: Path | None
) -> pl.DataFrame:
    """A row for each prompt over its seeds, from the trial.json of each folder.

    Columns: prompt (with what its training has otherwise than most), dataset, network, seeds, and
    means over seeds: ``val %`` and ``test %`` with their standard deviations ``val ±`` and
    ``test ±`` (null for one seed), trained values, seconds; ``predict takes`` is "yes" where
    ``takes`` is among the folders; ``folder`` is that of the best seed on validation images. Rows
    of a dataset and network are together, the best mean on validation first; of equals, that with
    the fewest values.
    """
    rows = [_row(folder, record, trials[folder], takes) for folder, record in records.items()]
    # Of columns of nulls too.
    table = told_apart(pl.DataFrame(rows, schema_overrides={"tuned": pl.Int64}))
    percent = {"val": 100 * pl.col("val_accuracy"), "test": 100 * pl.col("test_accuracy")}
    best = pl.col("val_accuracy").arg_max()
    found = table.rename({"method": "prompt"}).group_by(GROUP, maintain_order=True).agg(
        pl.len().alias("seeds"),
        *(number.mean().round(4).alias(f"{name} %") for name, number in percent.items()),
        *(number.std().round(4).alias(f"{name} ±") for name, number in percent.items()),
        pl.col("trained_values").first().alias("trained values"),
        pl.col("seconds").mean().round(1),
        pl.col(TAKES).max(),
        pl.col("folder").get(best),
    )  # fmt: skip
    order = ["dataset", "network", "val %", "trained values"]
    ordered = found.sort(order, descending=[False, False, True, False], maintain_order=True)
    return ordered.select("prompt", pl.exclude("prompt", "of"))


def to_read(found: pl.DataFrame) -> pl.DataFrame:
    """The ranking with means and deviations in one cell, and without names that all rows share."""
    shown = found.with_columns(
        with_spread(pl.col(f"{name} %"), pl.col(f"{name} ±")).alias(f"{name} %")
        for name in ("val", "test")
    )
    same = [name for name in ("dataset", "network") if found[name].n_unique() == 1]
    return shown.drop("val ±", "test ±", *(same if len(found) > 1 else []))


def _row(
    folder: Path, record: Mapping[str, Any], trial: Trial, takes: Path | None
) -> dict[str, Any]:
    summary, network = record["summary"], record["network"]
    values = {name: summary.get(name, 0) for name in ("placement_values", "mapping_values")}
    alike = [trial.model_dump(mode="json", exclude={"seed"}), network["weights_sha256"]]
    return {
        "dataset": record["task"]["dataset"],
        "network": network["name"],
        "method": SEED.sub("", record["name"]),
        "mapping": trial.mapping.kind,
        "training": "",
        "tuned": None,
        "of": canonical(alike).decode(),
        "settings": trial.model_dump_json(),
        "val_accuracy": summary["val_accuracy"],
        "test_accuracy": summary["test_accuracy"],
        "trained_values": summary["trained_values"],
        **values,
        "seconds": summary["seconds"],
        TAKES: "yes" if folder == takes else "",
        "folder": str(folder),
    }
