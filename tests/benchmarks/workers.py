"""`python -m tests.benchmarks.workers [NETWORK SIZE IMAGES]`: a worker for each core, or all cores
for one worker?

The same trials run at once in two processes of one thread, and one after the other in a process of
two threads, in turns; medians of images per second by the clock.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

import polars as pl
import torch

from lorvp.datasets.labelled_images import LabelledImages
from lorvp.experiment.trial import Trial
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.libraries.timm_models import create
from lorvp.performance.profile import repeated_epoch
from lorvp.results import tables
from lorvp.trials.run import build
from tasks.machine.memory import keep_freed_memory

TRIALS, ROUNDS = 2, 3


def train(architecture: str, size: int, number: int, threads: int, trials: int) -> None:
    """Print the seconds that ``trials`` epochs took, one after the other."""
    keep_freed_memory()
    torch.set_num_threads(threads)
    names = [f"source {s}" for s in range(26)]
    network = FrozenNetwork(
        create(architecture, 26, (size, size)).eval(), (size, size), [0.5] * 3, [0.5] * 3, names
    )
    pixels = torch.randint(0, 256, (number, 32, 32, 3), dtype=torch.uint8)
    images = LabelledImages(pixels, torch.randint(10, (number,)))
    settings = {"dataset": "noise", "network": "any", "method": "lor_vp", "mapping": "lp"}
    trial = Trial.model_validate(settings)
    model = build(trial, network, [f"class {k}" for k in range(10)])
    few = LabelledImages(images.images_NHWC[:64], images.labels_N[:64])
    repeated_epoch([model], few, trial.training)()
    epoch = repeated_epoch([model], images, trial.training)
    print("ready", flush=True)
    sys.stdin.readline()
    start = time.perf_counter()
    for _ in range(trials):
        epoch()
    print(time.perf_counter() - start, flush=True)


def seconds(processes: int, threads: int, arguments: list[str]) -> float:
    """Seconds until the last of the processes is done; all start together."""
    command = [sys.executable, "-m", "tests.benchmarks.workers", *arguments]
    command += [str(threads), str(TRIALS // processes)]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]  # fmt: skip
    for process in running:
        assert process.stdout is not None
        process.stdout.readline()
    return max(float(process.communicate("go\n")[0]) for process in running)


def main(arguments: list[str]) -> None:
    ways = {"2 workers, 1 thread each": (2, 1), "1 worker, 2 threads": (1, 2)}
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way, (processes, threads) in ways.items():
            times[way].append(seconds(processes, threads, arguments))
    images = TRIALS * int(arguments[2])
    rows = [(way, round(images / statistics.median(found), 1)) for way, found in times.items()]
    print(" ".join(arguments))
    print(tables.markdown(pl.DataFrame(rows, schema=["way", "images/s"], orient="row")))


if __name__ == "__main__":
    if len(sys.argv) == 6:
        train(sys.argv[1], *map(int, sys.argv[2:]))
    else:
        main(sys.argv[1:] or ["test_resnet", "32", "12800"])
