"""The Prefect side of training: a task for each trial, and what the UI shows of the results."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, cast
from uuid import UUID

from prefect import get_run_logger, task
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId, LogFilterLevel
from prefect.client.schemas.objects import TERMINAL_STATES, State
from prefect.client.schemas.sorting import LogSort
from prefect.context import FlowRunContext
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run, task_run
from prefect.states import Cancelled
from prefect.task_runners import ThreadPoolTaskRunner

from lorvp.files.whole import to_json
from lorvp.results.tables import comparison, fenced, in_markdown, results
from lorvp.trials.store import TrialStore
from lorvp.trials.verified import read_record
from tasks.jobs import Job, Plan
from tasks.runners.pool import Team
from tasks.settings import TrackingConfig
from tasks.worker.failures import Stopped, worth_another_try
from tasks.worker.log import level_and_message, log_file

PATIENCE = 30
"""Seconds to wait for Prefect to write down the last task runs."""


def submit(job: Job, team: Team, tracking: TrackingConfig) -> PrefectFuture[dict]:
    """Hand a trial to the flow's task runner under a name and tags that people understand."""
    named = train_trial.with_options(
        task_run_name=run_name(job.point.name),
        tags=job.tags,
        retries=team.compute.retries,
        retry_condition_fn=lambda task, run, state: worth_another_try(_error_of(state)),
    )
    return named.submit(job, team, tracking)


def run_name(name: str) -> str:
    """The template of which Prefect makes ``name``: a swept sentence for class names has braces."""
    return name.replace("{", "{{").replace("}", "}}")


def outcome(future: PrefectFuture[dict], job: Job, team: Team) -> dict | BaseException:
    """The record of a trial that is in the user's store, or what went wrong with it."""
    try:
        future.wait()  # its state is not the final one before
        record = future.result(raise_on_failure=False)
        if not isinstance(record, BaseException):
            team.collect(job)
    except Exception as error:  # also of a cluster that lost it
        return error
    return record


def _error_of(state: State) -> BaseException:
    error = state.result(raise_on_failure=False)
    assert isinstance(error, BaseException), "only what failed can be tried again"
    return error


# Finished trials are known by their fingerprint; a cache of Prefect's own would not notice that
# a result was deleted.
@task(name="train", cache_policy=NO_CACHE, persist_result=False)
def train_trial(job: Job, team: Team, tracking: TrackingConfig) -> Any:
    """Train one trial in a worker process and return its record; what it says becomes this task
    run's log."""
    logger = get_run_logger()

    def heard(line: str) -> None:
        level, message = level_and_message(line)
        logger.log(level, message)
        if level == logging.WARNING:
            team.warn(message)

    try:
        return team.train(job, tracking, heard)
    except Stopped as error:
        return Cancelled(message=str(error))
    except Exception as error:
        if worth_another_try(error) and (task_run.run_count or 1) <= team.compute.retries:
            team.tell(f"trying again: {job.point.name}: {type(error).__name__}: {error}")
        else:
            _publish_failure(job, error)
        raise


def _publish_failure(job: Job, error: Exception) -> None:
    """Why the trial failed, on its own page and beside its bar in the flow run's picture."""
    settings = to_json(job.identity["settings"])
    create_markdown_artifact(
        f"**{type(error).__name__}**\n\n{fenced(str(error))}\n"
        f"The trial's log: `{log_file(job.fingerprint)}`. "
        f"The next run that asks for it tries again.\n\n{fenced(settings, 'json')}",
        key="why-it-failed",
        description=in_markdown(job.point.name),
    )


@contextmanager
def queue_dropped_on_stop() -> Iterator[None]:
    """Start nothing more when the block is left early; Prefect sees to it at SIGTERM only."""
    try:
        yield
    except BaseException:
        context = FlowRunContext.get()
        assert context is not None, "called outside of a flow"
        if isinstance(context.task_runner, ThreadPoolTaskRunner):
            context.task_runner.cancel_all()
        raise


@task(name="results", task_run_name="results", cache_policy=NO_CACHE, persist_result=False)
def publish_results(plan: Plan) -> None:
    """The comparison table of all finished trials, as an artifact of the flow run."""
    if not plan.finished:
        return
    store = TrialStore(plan.jobs[0].store)
    records = [(job.point, read_record(store.folder(job.fingerprint))) for job in plan.finished]
    table = comparison(results(records))
    # The UI reads text in cells as Markdown.
    cells = [[in_markdown(v) if isinstance(v, str) else v for v in row] for row in table.rows()]
    create_table_artifact(
        table=[dict(zip(table.columns, row, strict=True)) for row in cells],
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


@contextmanager
def telling_warnings(tell: Callable[[str], object]) -> Iterator[None]:
    """In this block, warnings that this flow run's tasks log anywhere are told here, once."""
    wanted = LogFilter(
        level=LogFilterLevel(ge_=logging.WARNING),
        flow_run_id=LogFilterFlowRunId(any_=[UUID(flow_run.get_id())]),
    )
    ended, told = Event(), set()

    def look() -> None:
        with get_client(sync_client=True) as client:
            for log in client.read_logs(wanted, sort=LogSort.TIMESTAMP_ASC):
                if log.message not in told:
                    told.add(log.message)
                    tell(log.message)

    def listen() -> None:
        while not ended.wait(2):
            look()
        look()

    listener = Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield
    finally:
        ended.set()
        listener.join()


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
