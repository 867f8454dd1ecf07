"""`python -m flows.costs [FILE]`: what an experiment will cost, before anything is downloaded.

FILE is params.yaml unless given, such as data/presets/lorvp_main.yaml.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from lorvp.networks.acceleration.account import SPLIT, Account
from lorvp.results import tables
from tasks import settings
from tasks.errors import for_people
from tasks.machine.devices import devices, slots
from tasks.machine.precision import require_fast_precisions
from tasks.stages import other_versions
from tasks.stages.costs import Estimate, computing, disk, machine, measured_speeds, rounded


def main(path: Path) -> None:
    """Print trials, passes, FLOPs, time on this machine and disk."""
    experiment = settings.read(path)
    estimate = Estimate(experiment)
    compute, trials = experiment.params.compute, [point.trial for point in estimate.missing]
    require_fast_precisions(trials, compute)
    table = estimate.table()
    device, several = devices(compute)[0], slots(compute)
    busy = table.filter(pl.col("to train") > 0)["network"].unique(maintain_order=True)
    speeds = measured_speeds(estimate, busy.to_list(), device)
    timed = table.join(speeds, on="network", how="left", maintain_order="left").with_columns(
        hours=(pl.col("flops") / pl.col("speed") / several / 3600).fill_null(0)
    )
    print(tables.markdown(shown(timed)))
    print(summary(timed, estimate, f"{several} x {machine(device)}"))
    for sentence in experiment.shared:
        print(f"note: {sentence}")
    for note in other_versions.notes(estimate.finished, compute):
        print(note)
    for network, account in estimate.accounts().items():
        print(f"{network}: {account['folding']}; {account['stem']}{_costs(account)}")
    if others := sum(trial.training.precision != "fp32" for trial in trials):
        print(f"note: speed and hours are those of fp32, which {others} trials do not compute in")


def _costs(account: Account) -> str:
    """What it costs where the stem is whole."""
    split = account["stem"] == SPLIT
    return "" if split else ", so steps are some per cent slower: each image takes a gradient there"


def shown(timed: pl.DataFrame) -> pl.DataFrame:
    """The table in the units that people read."""
    return timed.select(
        "dataset",
        "network",
        "trials",
        "to train",
        "image passes",
        (pl.col("flops") / 1e15).round_sig_figs(3).alias("PFLOP"),
        (pl.col("speed") / 1e9).round_sig_figs(3).alias("GFLOP/s here"),
        pl.col("hours").round_sig_figs(3).alias("hours here"),
    )


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
    with for_people():
        main(Path(sys.argv[1] if len(sys.argv) > 1 else "params.yaml"))
