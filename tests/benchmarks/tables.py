"""`python -m tests.benchmarks.tables`: time and memory of the tables of 100,000 trials.

Two things are measured, each in a process of its own; memory is the highest that it held. Reading
happens once for each trial: statistics are computed from a file of 10,000 predictions. Then all
tables of 100,000 trials are made from such statistics.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl

from lorvp.results import tables
from lorvp.results.tables.sections import sections
from lorvp.results.tables.trial_statistics import SCHEMA, statistics

IMAGES, CLASSES, FILES = 10_000, 100, 500
DATASETS, NETWORKS, METHODS, MAPPINGS, RATES, SEEDS = 5, 2, 20, 10, 10, 5
STARTED = time.process_time()
NAMES = {f"d{d}": [str(k) for k in range(CLASSES)] for d in range(DATASETS)}


def predictions(rng: np.random.Generator, accuracy: float) -> pl.DataFrame:
    label = np.arange(IMAGES) % CLASSES
    predicted = np.where(rng.random(IMAGES) < accuracy, label, rng.integers(0, CLASSES, IMAGES))
    return pl.DataFrame({"label": label, "predicted": predicted,
                         "confidence": rng.random(IMAGES, np.float32),
                         "loss": rng.random(IMAGES, np.float32)})  # fmt: skip


def read(folder: Path) -> None:
    """Compute the statistics of each file in ``folder``, and write them."""
    start = time.perf_counter()
    rows = [statistics(path.name, pl.read_parquet(path), CLASSES) for path in folder.iterdir()]
    pl.DataFrame(rows, schema=SCHEMA).write_parquet(folder.with_suffix(".parquet"))
    told("reading", len(rows), start)


def grid() -> Iterator[tuple]:
    axes = (DATASETS, NETWORKS, METHODS, MAPPINGS, RATES, SEEDS)
    for number, (d, n, m, c, r, s) in enumerate(product(*map(range, axes))):
        # Rank m + 1 of one method, so that there is a sweep of methods too.
        yield str(number), f"d{d}", f"n{n}", f"m r={m + 1}", f"c{c}", f"lr={r}", s


def made(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tidy table and the statistics of 100,000 trials, as they lie on disk."""
    names = ["trial", "dataset", "network", "method", "mapping", "training", "seed"]
    table = pl.DataFrame(list(grid()), schema=names, orient="row")
    rng = np.random.default_rng(0)
    accuracy = rng.random((2, len(table)))
    columns = {"best_epoch": 1, "epochs": 20, "content_values": 10, "placement_values": 0,
               "mapping_values": 10, "trained_values": 20, "seconds": 1.5, "wall_seconds": 2.0,
               "prompt_linf": 0.5,
               "images_per_second": 100.0, "settings": "{}"}  # fmt: skip
    table = table.with_columns(
        val_accuracy=pl.Series(accuracy[0]), test_accuracy=pl.Series(accuracy[1]),
        test_accuracy_of_best_test_epoch=pl.lit(None, pl.Float64),
        **{name: pl.lit(value) for name, value in columns.items()},
    )  # fmt: skip
    table.write_parquet(folder / "results.parquet")
    parts = [_kept(part, rng) for part in table["trial"].to_frame().iter_slices(5000)]
    pl.concat(parts).write_parquet(folder / "statistics.parquet")
    return table, parts[0]


def _kept(trials: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    rows = [statistics(trial, predictions(rng, 0.5), CLASSES) for trial in trials["trial"][:20]]
    few = pl.DataFrame(rows, schema=SCHEMA)
    return few[np.arange(len(trials)) % len(few)].with_columns(trials["trial"])


def tabulate(folder: Path) -> None:
    start = time.perf_counter()
    results = pl.read_parquet(folder / "results.parquet")
    kept = pl.scan_parquet(folder / "statistics.parquet").collect(engine="streaming")
    every = sections(results, kept, NAMES)
    told("tables", len(results), start)
    for section in every:
        tables.section_markdown(section)
        section.numbers.write_parquet(folder / f"{section.name}.parquet")
    told("tables, and written", len(results), start)


def told(what: str, trials: int, start: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kB on Linux
    row = {
        "what": what,
        "trials": trials,
        "seconds": round(time.perf_counter() - start, 1),
        "CPU seconds": round(time.process_time() - STARTED, 1),
        "MB": round(peak),
    }
    print(json.dumps(row))


def measured(what: str, folder: Path) -> list[dict]:
    command = [sys.executable, "-m", "tests.benchmarks.tables", what, str(folder)]
    return [json.loads(line) for line in subprocess.check_output(command, text=True).splitlines()]


def main() -> None:
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        (folder / "files").mkdir()
        rng = np.random.default_rng(0)
        for number in range(FILES):
            predictions(rng, 0.5).write_parquet(folder / "files" / str(number))
        made(folder)
        rows = measured("read", folder / "files") + measured("tabulate", folder)
    print(tables.markdown(pl.DataFrame(rows)))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        {"read": read, "tabulate": tabulate}[sys.argv[1]](Path(sys.argv[2]))
    else:
        main()
