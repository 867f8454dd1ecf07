"""`python -m tests.benchmarks.scaling`: time and memory for more images, epochs and trials.

Images of 64 x 64 pixels lie in a memory map, the network has 1,000 source classes and reads
32 x 32, and the mapping is ILM, which passes over all images before each epoch. Each measurement
is a process of its own; memory is what that process has claimed (RssAnon), at its highest.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import polars as pl
import torch

from lorvp.datasets import prepared
from lorvp.datasets.source import ImageArray, Source
from lorvp.datasets.write import write
from lorvp.experiment.trial import Trial
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.libraries.timm_models import create
from lorvp.results import tables
from lorvp.trials.run import run

IMAGES, EPOCHS, TRIALS, TIMES = 1000, 1, 1, (1, 4, 16)
CLASSES, SOURCES = 10, 1000


def dataset(folder: Path, images: int) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (images + 40, 64, 64, 3), dtype=np.uint8)
    rows, labels = np.arange(images + 40), np.arange(images + 40) % CLASSES
    splits = {"train": rows[:images], "val": rows[images:-20], "test": rows[-20:]}
    names = [f"class {k}" for k in range(CLASSES)]
    write(folder, Source(ImageArray(pixels), labels, splits, names, "noise"))


def claimed() -> float:
    """MB of memory of this process without mapped files."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon"))


def train(folder: Path, epochs: int, trials: int) -> None:
    """Print CPU seconds and MB as JSON; runs in a process of its own."""
    torch.set_num_threads(1)
    network = FrozenNetwork(create("test_resnet", SOURCES, (32, 32)).eval(), (32, 32), [0.5] * 3,
                            [0.5] * 3, [f"source {s}" for s in range(SOURCES)])  # fmt: skip
    settings = {"dataset": "noise", "network": "resnet", "method": "lor_vp", "mapping": "ilm"}
    asked = Trial.model_validate(settings | {"training": {"epochs": epochs}})
    data, seen = prepared.read(folder), [claimed()]
    run(asked, network, data)  # for warming up
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            seen.append(claimed())

    threading.Thread(target=watch, daemon=True).start()
    start = time.process_time()
    for _ in range(trials):
        run(asked, network, data)
    seconds = time.process_time() - start
    done.set()
    print(json.dumps([seconds, max(seen)]))


def measured(what: str, times: int, work: Path) -> dict:
    images = IMAGES * (times if what == "images" else 1)
    if not (work / str(images)).exists():
        dataset(work / str(images), images)
    epochs, trials = (n * (times if what == name else 1) for name, n in
                      (("epochs", EPOCHS), ("trials", TRIALS)))  # fmt: skip
    command = [sys.executable, "-m", "tests.benchmarks.scaling", str(work / str(images))]
    found = subprocess.check_output([*command, str(epochs), str(trials)], text=True)
    seconds, memory = json.loads(found.splitlines()[-1])
    return {"what": what, "times": times, "CPU seconds": round(seconds, 2), "MB": round(memory)}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = [measured(what, times, Path(folder))
                for what in ("images", "epochs", "trials") for times in TIMES]  # fmt: skip
    table = pl.DataFrame(rows)
    base = pl.col("CPU seconds").first().over("what")
    ratio = (pl.col("CPU seconds") / base).round(2).alias("times the first")
    print(tables.markdown(table.with_columns(ratio)))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        train(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
