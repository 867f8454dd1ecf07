"""`python -m flows.prompts`: train every trial of the grid that has no result yet.

With ``--again`` also those whose result was made with other versions of libraries, or on another
kind of device, than are here.

At the end data/prompts holds exactly the grid's finished trials. If there is nothing to train,
Prefect is not even imported.
"""

from __future__ import annotations

import signal
import sys
from functools import partial

from lorvp.interrupts import INTERRUPTED
from lorvp.text.redacted import redacted
from lorvp.trials.store import TrialStore, default_root
from tasks import settings
from tasks.errors import for_people
from tasks.jobs import Plan, make_plan, notes, require_whole_images
from tasks.machine.surroundings import require_places
from tasks.orchestration.request import Request
from tasks.orchestration.run_lock import one_run
from tasks.paths import PROMPTS, WORK
from tasks.prefect_server.login import login_hint
from tasks.prefect_server.temporary import leave, prefect_api, quiet_prefect
from tasks.runners.base import runner
from tasks.settings import RunExperiment, RunParams
from tasks.stages import other_versions

STOPPED = "stopped; finished trials are kept, and `dvc repro` goes on from there"


def main() -> int:
    """Exit status: 0, or 1 if a trial failed."""
    experiment = settings.read()
    require_places()
    with one_run(tell=partial(print, flush=True)):
        return train(experiment, anew="--again" in sys.argv[1:])


def train(experiment: RunExperiment, anew: bool = False) -> int:
    """``anew``: also those that were made with other libraries, or on another kind of device."""
    store, compute = TrialStore(default_root()), experiment.params.compute
    store.tidy()
    plan = make_plan(experiment, store)
    if anew:
        plan = other_versions.set_aside(plan, compute)
    done = len(plan.jobs) - len(plan.missing)
    print(f"{len(plan.jobs)} trials in the grid: {done} finished, {len(plan.missing)} to train")
    shared = [f"note: {sentence}" for sentence in experiment.shared]
    for note in [*shared, *notes(plan), *other_versions.notes(plan.finished, compute)]:
        print(note)
    require_whole_images(plan)
    failures = train_missing(plan, experiment.params) if plan.missing else ""
    store.show([job.fingerprint for job in plan.jobs], PROMPTS, WORK)
    if failures:
        print(f"{failures}\nThe others are kept; `dvc repro` trains only these.", file=sys.stderr)
    return 1 if failures else 0


def train_missing(plan: Plan, settings: RunParams) -> str:
    """Run the flow against the user's Prefect server, or one that ends with the run.

    Returns which trials failed and why, or nothing.
    """
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    place = runner(settings.compute)
    place.check()
    quiet_prefect()  # in whatever is started
    with place.prestarted(len(plan.missing)), prefect_api() as url:
        from flows.train import run

        print(f"Prefect UI: {redacted(url.removesuffix('/api'))}{login_hint()}", flush=True)
        return run(Request(plan, place, settings.tracking))


if __name__ == "__main__":
    with for_people():
        try:
            leave(main())
        except KeyboardInterrupt:
            print(STOPPED, file=sys.stderr)
            sys.exit(INTERRUPTED)
