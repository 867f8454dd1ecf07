"""The Prefect side of training: a task for each trial, and what the UI shows of the results."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import cast
from uuid import UUID

from prefect import get_run_logger, task
from prefect.artifacts import (
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import TERMINAL_STATES, State
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run, task_run

from lorvp.params import TrackingConfig
from lorvp.store import TrialStore, read_record
from lorvp.tables import comparison, results
from tasks.failures import worth_another_try
from tasks.plan import Job, Plan
from tasks.workers import Workers

PATIENCE = 30
"""Seconds to wait for Prefect to write down the last task runs."""


def submit(
    job: Job, team: Workers, tracking: TrackingConfig, tell: Callable[[str], object]
) -> PrefectFuture[dict]:
    """Hand a trial to the flow's task runner under a name and tags that people understand.

    ``tell`` is given what the user should know before the trial has ended.
    """
    trial, point = job.point.trial, job.point
    named = train_trial.with_options(
        task_run_name=point.name,
        tags=[trial.dataset, trial.network, point.method, point.mapping],
        retries=team.compute.retries,
        retry_condition_fn=lambda task, run, state: worth_another_try(_error_of(state)),
    )
    return named.submit(job, team, tracking, tell)


def _error_of(state: State) -> BaseException:
    error = state.result(raise_on_failure=False)
    assert isinstance(error, BaseException), "only what failed can be tried again"
    return error


# Finished trials are known by their fingerprint; a cache of Prefect's own would not notice that
# a result was deleted.
@task(name="train", cache_policy=NO_CACHE, persist_result=False)
def train_trial(
    job: Job, team: Workers, tracking: TrackingConfig, tell: Callable[[str], object]
) -> dict:
    """Train one trial in a worker process; what it says becomes this task run's log."""
    try:
        return team.train(job, tracking, heard=get_run_logger().info)
    except Exception as error:
        if worth_another_try(error) and (task_run.run_count or 1) <= team.compute.retries:
            tell(f"trying again: {job.point.name}: {type(error).__name__}: {error}")
        raise


@task(name="results", task_run_name="results", cache_policy=NO_CACHE, persist_result=False)
def publish_results(plan: Plan) -> None:
    """The comparison table of all finished trials, as an artifact of the flow run."""
    store = TrialStore(plan.jobs[0].store)
    finished = [job for job in plan.jobs if store.holds(job.fingerprint)]
    if not finished:
        return
    records = [(job.point, read_record(store.folder(job.fingerprint))) for job in finished]
    create_table_artifact(
        table=comparison(results(records)).to_dicts(),
        key="results",
        description="Test accuracy in %, mean ± standard deviation over seeds.",
    )


class ProgressArtifact:
    """A progress bar in the UI."""

    EVERY = 1
    """Seconds from one update to the next: trials may take less than telling of them."""

    def __init__(self, total: int) -> None:
        about = f"{total} trials to train"
        self.bar = cast(UUID, create_progress_artifact(0.0, key="trials", description=about))
        self.shown = time.monotonic()

    def show(self, percent: float) -> None:
        if percent == 100 or time.monotonic() > self.shown + self.EVERY:
            update_progress_artifact(self.bar, percent)
            self.shown = time.monotonic()


def wait_until_recorded(tasks: int) -> None:
    """Give Prefect time to write down this run's tasks: it does so some time after they end.

    Without this, a server that lives only as long as the run would lose the last ones.
    """
    filters = {
        "flow_runs": {"id": {"any_": [flow_run.get_id()]}},
        "task_runs": {"state": {"type": {"any_": [kind.value for kind in TERMINAL_STATES]}}},
    }
    end = time.monotonic() + PATIENCE
    with get_client(sync_client=True) as client:
        while time.monotonic() < end:
            if client.request("POST", "/task_runs/count", json=filters).json() >= tasks:
                return
            time.sleep(0.5)
