"""The plan of a grid with searches: what is to be trained now, so that they can go on."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from lorvp.errors import InputError
from lorvp.trials.store import TrialStore
from lorvp.trials.verified import is_whole
from tasks import jobs
from tasks.jobs import Job, Plan, is_finished, require_trainable
from tasks.paths import PROMPTS
from tasks.searches.sought import Sought, sought
from tasks.settings import RunExperiment


def make_plan(experiment: RunExperiment, store: TrialStore) -> Plan:
    """The plan of all trials whose settings are known by now.

    It is planned again when these are trained, until nothing is missing.

    Raises:
        InputError: as ``tasks.jobs.make_plan``.
    """
    plan = jobs.make_plan(experiment, store)
    finished = partial(is_finished, store=store)
    found = [sought(search, store, finished) for search in experiment.searches]
    finals = [job for one in found for job in one.finals]
    wanted = [job for one in found for job in one.missing]
    wanted += [job for job in finals if not finished(job)]
    require_trainable(wanted, experiment.params.compute)
    return replace(
        plan,
        jobs=[*plan.jobs, *finals],
        missing=list({job.fingerprint: job for job in (*plan.missing, *wanted)}.values()),
        searched=[job for one in found for job in one.jobs],
        problems=[one.problem for one in found if one.problem],
    )


def forget_states(plan: Plan, store: TrialStore) -> None:
    """Remove what stopped settings would go on from, once no search of this grid can ask for it.

    A trial that is asked for all the same starts over, and has the same bits.
    """
    missing = {job.fingerprint for job in plan.missing}
    if missing.isdisjoint(job.fingerprint for job in plan.searched):
        for job in plan.searched:
            store.resume(job.state).forget()


def ended(experiment: RunExperiment) -> list[Sought]:
    """The searches of a finished grid, from data/prompts.

    Raises:
        InputError: one of them has no end there.
    """
    store = TrialStore(PROMPTS)
    found = [
        sought(search, store, lambda job: is_whole(PROMPTS / job.fingerprint))
        for search in experiment.searches
    ]
    if problems := [one.problem for one in found if one.problem]:
        raise InputError("\n".join(problems))
    if open_ended := [one.replay.search.name for one in found if not one.finals]:
        raise InputError(
            f"{len(open_ended)} of {len(found)} searches have no end in {PROMPTS}; run `dvc repro` "
            "to go on with them, or `python -m flows.prompts` if it finds nothing to do:\n  "
            + "\n  ".join(open_ended[:10])
        )
    return found


def final_jobs(experiment: RunExperiment, found: list[Sought] | None = None) -> list[Job]:
    """The jobs of all results in data/prompts, in the grid's order: what tables are made of.

    Raises:
        InputError: a dataset or a checkpoint is not there, or a search has no end.
    """
    found = ended(experiment) if found is None else found
    tuned = [job for one in found for job in one.finals]
    return [*jobs.make_jobs(experiment, TrialStore(PROMPTS)), *tuned]
