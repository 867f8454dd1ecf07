"""`python -m flows.costs [FILE]`: what an experiment will cost, before anything is downloaded.

FILE is params.yaml unless given, such as data/presets/lorvp_main.yaml.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from lorvp.networks.acceleration.account import SPLIT, Account
from lorvp.performance.estimate import Estimate, computing, disk, readable, rounded, timed
from lorvp.results import tables
from tasks import settings
from tasks.errors import naming
from tasks.machine.devices import devices, in_words, slots
from tasks.machine.precision import require_fast_precisions
from tasks.orchestration.command_line import run
from tasks.stages import other_versions
from tasks.stages.costs import estimate_of, finished_jobs


def main(path: Annotated[Path, typer.Argument(metavar="FILE")] = Path("params.yaml")) -> None:
    """Print trials, passes, FLOPs, time on this machine and disk."""
    experiment = settings.read(path)
    compute, finished = experiment.params.compute, finished_jobs(experiment)
    estimate = estimate_of(experiment, finished)
    trials = [point.trial for point in estimate.missing]
    require_fast_precisions(trials, compute)
    with naming("grid"):
        table = estimate.table()
    device, at_once = devices(compute)[0], slots(compute)
    busy = table.filter(pl.col("to train") > 0)["network"].unique(maintain_order=True)
    table = timed(table, estimate.speeds(busy, device), at_once)
    print(tables.markdown(readable(table)))
    print(summary(table, estimate, f"{at_once} x {in_words(device)}"))
    for sentence in experiment.shared:
        print(f"note: {sentence}")
    for note in other_versions.notes(finished, compute):
        print(note)
    for network, account in estimate.accounts().items():
        print(f"{network}: {account['folding']}; {account['stem']}{_slower_steps(account)}")
    if others := sum(trial.training.precision != "fp32" for trial in trials):
        print(f"note: speed and hours are those of fp32, which {others} trials do not compute in")


def _slower_steps(account: Account) -> str:
    """What a stem costs that could not be split."""
    split = account["stem"] == SPLIT
    return "" if split else ", so steps are some per cent slower: each image takes a gradient there"


def summary(timed: pl.DataFrame, estimate: Estimate, here: str) -> str:
    """Totals in a few lines."""
    hours = rounded(float(timed["hours"].sum()))
    return (
        f"{timed['trials'].sum():,} trials, {timed['to train'].sum():,} to train: "
        f"{computing(timed)}\n"
        f"{hours} hours on {here}, at the speed measured just now\n"
        f"disk: {disk(estimate, timed)}; downloads come on top, in the user's cache"
    )


if __name__ == "__main__":
    run(main)
