"""Each trial as a task of Prefect: how it is submitted, tried again, waited for and recorded."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import TERMINAL_STATES, State
from prefect.context import FlowRunContext
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run, task_run
from prefect.states import Cancelled
from prefect.task_runners import ThreadPoolTaskRunner

from tasks.jobs import Job
from tasks.orchestration.artifacts import publish_failure
from tasks.runners.base import Team
from tasks.settings import TrackingConfig
from tasks.worker.failures import Stopped, worth_another_try
from tasks.worker.log import level_and_message

PATIENCE = 30
"""Seconds to wait for Prefect to write down the last task runs."""


def submit(job: Job, team: Team, tracking: TrackingConfig) -> PrefectFuture[dict]:
    """Hand a trial to the flow's task runner under a name and tags that people understand."""
    named = train_trial.with_options(
        task_run_name=name_template(job.point.name),
        tags=job.tags,
        retries=team.compute.retries,
        retry_condition_fn=lambda task, run, state: worth_another_try(_error_of(state)),
    )
    return named.submit(job, team, tracking)


def name_template(name: str) -> str:
    """The template from which Prefect makes ``name``; sentences for class names may hold braces."""
    return name.replace("{", "{{").replace("}", "}}")


def outcome(future: PrefectFuture[dict], job: Job, team: Team) -> dict | BaseException:
    """The record of a trial that is now in the user's store, or why there is none."""
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
    """Train one trial in a worker process and return its record; the trial's log becomes the log
    of this task run."""
    logger = get_run_logger()

    def log(line: str) -> None:
        level, message = level_and_message(line)
        logger.log(level, message)
        if level == logging.WARNING:
            team.warn(message)

    try:
        return team.train(job, tracking, log)
    except Stopped as error:
        return Cancelled(message=str(error))
    except Exception as error:
        if worth_another_try(error) and (task_run.run_count or 1) <= team.compute.retries:
            team.tell(f"trying again: {job.point.name}: {type(error).__name__}: {error}")
        else:
            publish_failure(job, error)
        raise


@contextmanager
def queue_dropped_on_stop() -> Iterator[None]:
    """Start no more trials when the block is left early; Prefect itself does so at SIGTERM only."""
    try:
        yield
    except BaseException:
        context = FlowRunContext.get()
        assert context is not None, "called outside of a flow"
        if isinstance(context.task_runner, ThreadPoolTaskRunner):
            context.task_runner.cancel_all()
        raise


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
