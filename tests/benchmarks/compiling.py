"""`python -m tests.benchmarks.compiling [NETWORK...]`: does `training.compile` earn back its start?

The same epochs run with the network as it is and compiled, in turns, on one thread or on a GPU. The
extra seconds of the first compiled epoch are the start; the table says after how many images they
are earned back.
"""

from __future__ import annotations

import statistics
import sys
from typing import get_args

import polars as pl
import torch

from lorvp.datasets.labelled_images import LabelledImages
from lorvp.networks.acceleration.precision import why_absent
from lorvp.networks.frozen import FrozenNetwork
from lorvp.performance.profile import _seconds
from lorvp.recipe import Compile, CompileMode, Precision
from lorvp.results import tables
from tests.benchmarks.training import NETWORKS, Ours, frozen, images, trial

ROUNDS = 4


def main(architectures: list[str]) -> None:
    torch.set_num_threads(1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    mode: CompileMode = "reduce-overhead" if device == "cuda" else "default"
    there = [one for one in get_args(Precision) if why_absent(one, device) is None]
    ways = [(name, precision) for name in architectures for precision in there]
    rows = [row for way in ways for row in measured(*way, mode, torch.device(device))]
    print(f"{mode}, {device}")
    print(tables.markdown(pl.DataFrame(rows)))


def measured(
    architecture: str, precision: Precision, mode: CompileMode, device: torch.device
) -> list[dict[str, object]]:
    """Rows of images per second by the clock, since compiling uses processes of its own."""
    found, network = images().to(device), frozen(architecture).to(device)
    plain, compiled = (_ours(precision, m, network, found) for m in ("off", mode))
    rows = []
    for work in ("epoch", "evaluation"):
        ways = [getattr(plain, work), getattr(compiled, work)]
        first = [_seconds(way, device)[0] for way in ways]
        times = [[_seconds(way, device)[0] for way in ways] for _ in range(ROUNDS)]
        before, after = (statistics.median(column) for column in zip(*times, strict=True))
        start, gain = first[1] - after, (before - after) / len(found)
        rows.append({
            "network": architecture, "precision": precision, "work": work,
            "images/s": round(len(found) / before, 1),
            "compiled": round(len(found) / after, 1),
            "times": round(before / after, 2),
            "start, s": round(start),
            "pays after images": f"{start / gain:,.0f}" if gain > 0 else "never",
        })  # fmt: skip
    return rows


def _ours(
    precision: Precision, mode: Compile, network: FrozenNetwork, found: LabelledImages
) -> Ours:
    asked = trial("fm", precision)
    training = asked.training.model_copy(update={"compile": mode})
    return Ours(asked.model_copy(update={"training": training}), network, found)


if __name__ == "__main__":
    main(sys.argv[1:] or NETWORKS)
