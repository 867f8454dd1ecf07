"""`python -m tests.benchmarks.linear [NETWORK...]`: what oneDNN's products of matrices gain.

The same epochs run with torch's linear layers and with ours, on one thread, in turns; medians of
CPU time.
"""

from __future__ import annotations

import statistics
import sys
from typing import get_args
from unittest.mock import patch

import polars as pl
import torch

from lorvp.networks.acceleration import onednn_linear
from lorvp.recipe import Precision
from lorvp.results import tables
from tasks.machine.memory import keep_freed_memory
from tests.benchmarks.training import Ours, cpu_seconds, frozen, images, trial

NETWORKS = ["vit_tiny_patch16_224"]
ROUNDS = 5


def main(architectures: list[str]) -> None:
    torch.set_num_threads(1)
    keep_freed_memory()
    rows = [row for name in architectures for p in get_args(Precision) for row in measured(name, p)]
    print(tables.markdown(pl.DataFrame(rows)))


def measured(architecture: str, precision: Precision) -> list[dict[str, object]]:
    asked, found = trial("fm", precision), images()
    with patch.object(onednn_linear, "_there_is_onednn", lambda: False):
        torchs = Ours(asked, frozen(architecture), found)
    ours = Ours(asked, frozen(architecture), found)
    return [
        {"network": architecture, "precision": precision, "work": work}
        | compared(getattr(torchs, work), getattr(ours, work), len(found))
        for work in ("epoch", "evaluation")
    ]


def compared(torchs, ours, number: int) -> dict[str, object]:
    """Images per core-second of both, without the first round, which warms up."""
    times = [(cpu_seconds(torchs), cpu_seconds(ours)) for _ in range(ROUNDS + 1)][1:]
    before, after = (statistics.median(column) for column in zip(*times, strict=True))
    rates = {"torch's": round(number / before, 1), "oneDNN's": round(number / after, 1)}
    return rates | {"times": round(before / after, 2)}


if __name__ == "__main__":
    main(sys.argv[1:] or NETWORKS)
