"""`python -m flows.prompts`: train every trial of the grid that has no result yet.

At the end data/prompts holds exactly the grid's finished trials. If there is nothing to train,
Prefect is not even imported.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer

from lorvp.text.redacted import redacted
from lorvp.trials.store import TrialStore, default_root
from tasks import settings
from tasks.jobs import Plan, notes, require_whole_images
from tasks.machine.surroundings import require_places
from tasks.orchestration.command_line import run
from tasks.orchestration.request import Request
from tasks.orchestration.run_lock import one_run
from tasks.paths import PROMPTS, WORK
from tasks.prefect_server.login import login_hint
from tasks.prefect_server.temporary import leave, prefect_api, quiet_prefect
from tasks.runners.base import runner
from tasks.searches.plan import forget_states, make_plan
from tasks.settings import RunExperiment, RunParams
from tasks.stages import other_versions
from tasks.tracking.tracker import require

STOPPED = "stopped; finished trials are kept, and `dvc repro` goes on from there"


Again = Annotated[
    bool,
    typer.Option(
        "--again",
        help="Train also trials whose result was made with other versions of libraries, or on "
        "another kind of device, than are here.",
    ),
]


def main(again: Again = False) -> None:
    """End the process with status 0, or 1 if a trial failed."""
    experiment = settings.read()
    require_places()
    with one_run(tell=partial(print, flush=True)):
        status = train(experiment, again)
    leave(status)


def train(experiment: RunExperiment, again: bool = False) -> int:
    """Train what is missing and show exactly the grid's trials in data/prompts; the exit status.

    ``again``: trials that were made with other libraries, or on another kind of device, are
    missing too.
    """
    store, compute = TrialStore(default_root()), experiment.params.compute
    store.tidy()
    plan = make_plan(experiment, store)
    if again:
        other_versions.set_aside(plan, compute)
        plan = make_plan(experiment, store)
    print(told(experiment, plan))
    shared = [f"note: {sentence}" for sentence in experiment.shared]
    for note in [*shared, *notes(plan), *other_versions.notes(plan.finished, compute)]:
        print(note)
    require_whole_images(plan)
    failures = ""
    if plan.missing:
        replan = partial(make_plan, experiment, store)
        failures = train_missing(plan, experiment.params, replan)
        plan = replan() if plan.searched else plan
    store.show([job.fingerprint for job in plan.every], PROMPTS, WORK)
    forget_states(plan, store)
    if failures:
        print(f"{failures}\nThe others are kept; `dvc repro` trains only these.", file=sys.stderr)
    for problem in plan.problems:
        print(problem, file=sys.stderr)
    return 1 if failures or plan.problems else 0


def told(experiment: RunExperiment, plan: Plan) -> str:
    """How much there is to do, in a line or two."""
    found, wanted = len(plan.jobs), len(plan.missing)
    said = f"{found} trials in the grid: {len(plan.finished)} finished, {wanted} to train"
    if not experiment.searches:
        return said
    missing = {job.fingerprint for job in plan.missing}
    finished = sum(job.fingerprint not in missing for job in plan.searched)
    tries = sum(search.tune.budget for search in experiment.searches)
    return (
        f"{said} now\n{len(experiment.searches)} searches of {tries} settings at most: "
        f"{finished} of their trials are finished"
    )


def train_missing(plan: Plan, params: RunParams, replan: Callable[[], Plan]) -> str:
    """Run the flow against the user's Prefect server, or one that ends with the run.

    Returns which trials failed and why, or nothing.
    """
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    place = runner(params.compute)
    place.check()
    require(params.tracking)
    quiet_prefect()  # in whatever is started
    with place.prestarted(len(plan.missing)), prefect_api() as url:
        from flows import train as flow

        print(f"Prefect UI: {redacted(url.removesuffix('/api'))}{login_hint()}", flush=True)
        return flow.run(Request(plan, place, params.tracking, replan))


if __name__ == "__main__":
    run(main, STOPPED)
