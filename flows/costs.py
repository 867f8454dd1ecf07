"""What an experiment will cost, before anything is downloaded.

FILE is params.yaml unless given, such as data/presets/lorvp_main.yaml. Speeds are measured on this
machine; of other cards only the number of lanes is told (``--memory``), which needs no speed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from lorvp.networks.acceleration.account import SPLIT, Account
from lorvp.performance.estimate import Estimate
from lorvp.performance.told import computing, disk, duration, readable, rounded, timed
from lorvp.results import tables
from tasks import settings
from tasks.errors import naming
from tasks.jobs import Job
from tasks.machine.devices import devices, here, in_words, slots
from tasks.machine.lanes import memory_of
from tasks.machine.precision import require_fast_precisions
from tasks.orchestration.brief import leave, uncollected, without
from tasks.orchestration.command_line import run
from tasks.settings import RunExperiment
from tasks.stages import other_versions
from tasks.stages.costs import estimate_of, finished_jobs, measured, steps_of, with_searches

Gigabytes = Annotated[
    float | None,
    typer.Option("--memory", metavar="GB", min=1, max=10_000, help=
                 "Plan lanes as for a GPU with so much memory; hours stay those of this machine."),
]  # fmt: skip
GB = 1e9


def main(
    path: Annotated[Path, typer.Argument(metavar="FILE")] = settings.PARAMS,
    gigabytes: Gigabytes = None,
) -> None:
    """Print trials, passes, FLOPs, time on this machine and disk."""
    with uncollected():
        tell(settings.read(path), gigabytes)


def tell(experiment: RunExperiment, gigabytes: float | None) -> None:
    """The same of an experiment that was read."""
    compute, finished = experiment.params.compute, finished_jobs(experiment)
    if not experiment.searches and len(finished) == len(experiment.points):
        print(f"nothing to train: all {len(finished):,} trials are finished")
        print_notes(experiment, finished)
        return
    with without("wandb"):  # timm would load it, which takes half a second
        estimate = estimate_of(experiment, finished)
    searched = (search.point for search in experiment.searches)
    require_fast_precisions((p.trial for p in (*estimate.missing, *searched)), compute)
    with naming("grid"):
        table = with_searches(estimate, experiment, expected=False)
    device, at_once = devices(here(compute))[0], slots(here(compute))
    memory = memory_of(device)
    steps = measured(estimate, steps_of(estimate, table, compute, memory), device, memory)
    table = timed(table, steps, at_once)
    likely = timed(with_searches(estimate, experiment, expected=True), steps, at_once)
    print(tables.markdown(readable(table)))
    compiled = ", not compiled" if memory is not None else ""
    print(summary(table, estimate, f"{at_once} x {in_words(device)}{compiled}"))
    for line in searches_told(experiment, table, likely):
        print(line)
    asked = memory if gigabytes is None else gigabytes * GB
    for line in lanes_told(steps_of(estimate, table, compute, asked), asked):
        print(line)
    print_notes(experiment, finished)
    for note in in_fp32(table):
        print(note)
    for network, account in estimate.accounts().items():
        print(f"{network}: {account['folding']}; {account['stem']}{_slower_steps(account)}")


def print_notes(experiment: RunExperiment, finished: list[Job]) -> None:
    """What rows share, and which finished trials were made otherwise than trials are here."""
    for sentence in experiment.shared:
        print(f"note: {sentence}")
    for note in other_versions.notes(finished, experiment.params.compute):
        print(note)


def lanes_told(steps: pl.DataFrame, memory: float | None) -> list[str]:
    """A line for each kind of step that several trials share."""
    of_the_card = f", of the card's {rounded(memory / GB)}" if memory else ""
    return [
        f"{step['network']} in {step['precision']}, batch {step['batch']}: up to {step['lanes']} "
        f"trials share a step of {step['lanes'] * step['batch']:,} images, which keeps "
        f"{rounded(step['keep'] / GB)} GB for the way back{of_the_card}"
        for step in steps.filter(pl.col("lanes") > 1).iter_rows(named=True)
    ]


def searches_told(experiment: RunExperiment, most: pl.DataFrame, likely: pl.DataFrame) -> list[str]:
    """What searches make of the totals, which are those of all settings to the last epoch."""
    if not experiment.searches:
        return []
    settings = sum(search.tune.budget for search in experiment.searches)
    return [
        f"{len(experiment.searches)} searches of {settings:,} settings are in it, at most, each to "
        "its last epoch; what of them is finished is not taken off",
        f"expected, since halving stops most: {computing(likely)}, "
        f"{duration(float(likely['hours'].sum()))} here instead of "
        f"{duration(float(most['hours'].sum()))}",
    ]


def in_fp32(timed: pl.DataFrame) -> list[str]:
    """For trials in a precision that was not measured."""
    slow = timed.filter(pl.col("precision") != pl.col("measured in"))
    totals = slow.group_by("precision", maintain_order=True).agg(pl.col("to train").sum())
    return [
        f"note: {trials:,} trials compute in {precision}, which this machine lacks or is "
        "far slower in; their speed and hours are those of fp32"
        for precision, trials in totals.iter_rows()
    ]


def _slower_steps(account: Account) -> str:
    """What a stem costs that could not be split."""
    split = account["stem"] == SPLIT
    return "" if split else ", so steps are some per cent slower: each image takes a gradient there"


def summary(timed: pl.DataFrame, estimate: Estimate, here: str) -> str:
    """Totals in a few lines."""
    time = duration(float(timed["hours"].sum()))
    return (
        f"{timed['trials'].sum():,} trials, {timed['to train'].sum():,} to train: "
        f"{computing(timed)}\n"
        f"{time} on {here}, at the speed measured just now\n"
        f"disk: {disk(estimate, timed)}; downloads come on top, in the user's cache"
    )


if __name__ == "__main__":
    run(main, name="lorvp plan", then=leave)
