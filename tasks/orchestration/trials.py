"""Each trial as a task of Prefect: how it is submitted, tried again, waited for and recorded."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any

from prefect import Task, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import TERMINAL_STATES, State
from prefect.context import FlowRunContext
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run, task_run
from prefect.states import Cancelled
from prefect.task_runners import ThreadPoolTaskRunner

from tasks.jobs import Job
from tasks.orchestration import running
from tasks.orchestration.artifacts import publish_failure
from tasks.orchestration.trial_page import publish_trial
from tasks.runners.base import Team
from tasks.settings import TrackingConfig
from tasks.worker.failures import Stopped, worth_another_try
from tasks.worker.log import level_and_message

PATIENCE = 30
"""Seconds to wait for Prefect to write down the last task runs."""


Submitted = dict[PrefectFuture[Any], tuple[Job, ...]]
"""What the flow waits for, and the trials that it is about."""


def submit(jobs: Sequence[Job], team: Team, tracking: TrackingConfig) -> Submitted:
    """Hand trials to the flow's task runner."""
    found: Submitted = {}
    for together in team.handed_out(jobs):
        if len(together) == 1:
            found[_named(together[0], team).submit(together[0], team, tracking)] = together
        else:
            name = f"{len(together)} side by side"
            task = train_side_by_side.with_options(task_run_name=name)
            found[task.submit(together, team, tracking)] = together
    return found


def _named(job: Job, team: Team) -> Task[..., Any]:
    """The task of a trial, under a name and tags that people understand."""
    return train_trial.with_options(
        task_run_name=name_template(job.point.name),
        tags=job.tags,
        retries=team.compute.retries,
        retry_condition_fn=lambda task, run, state: worth_another_try(_error_of(state)),
    )


def name_template(name: str) -> str:
    """The template from which Prefect makes ``name``; sentences for class names may hold braces."""
    return name.replace("{", "{{").replace("}", "}}")


Outcome = dict | BaseException
"""The record of a trial that is now in the user's store, or why there is none."""


def outcomes(
    future: PrefectFuture[Any], jobs: Sequence[Job], team: Team
) -> Iterator[tuple[Job, Outcome]]:
    """What became of each of the trials that a future is about."""
    try:
        future.wait()  # its state is not the final one before
        found = future.result(raise_on_failure=False)
    except Exception as error:  # also of a cluster that lost it
        found = error
    for job in jobs:
        one = found[job.fingerprint] if len(jobs) > 1 and isinstance(found, dict) else found
        yield job, _collected(one, job, team)


def _collected(record: Outcome, job: Job, team: Team) -> Outcome:
    try:
        if not isinstance(record, BaseException):
            team.collect(job)
    except Exception as error:
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
        running.tell(job, message)
        if level == logging.WARNING:
            team.warn(message)

    try:
        record = team.train(job, tracking, log)
        publish_trial(job, record)
        return record
    except Stopped as error:
        return Cancelled(message=str(error))
    except Exception as error:
        if worth_another_try(error) and (task_run.run_count or 1) <= team.compute.retries:
            team.tell(f"trying again: {job.point.name}: {type(error).__name__}: {error}")
        else:
            publish_failure(job, error)
        raise
    finally:
        running.tell_end(job)


@task(name="side by side", cache_policy=NO_CACHE, persist_result=False)
def train_side_by_side(
    jobs: Sequence[Job], team: Team, tracking: TrackingConfig
) -> dict[str, Outcome]:
    """On a machine of a cluster: train trials that share a network, each in a task run of its own;
    what became of them, by fingerprint."""

    def outcome(job: Job) -> Outcome:
        state = _named(job, team)(job, team, tracking, return_state=True)
        return state.result(raise_on_failure=False)

    with team.side_by_side(jobs), ThreadPoolExecutor(len(jobs)) as threads:
        futures = {
            job.fingerprint: threads.submit(copy_context().run, outcome, job) for job in jobs
        }
    return {fingerprint: future.result() for fingerprint, future in futures.items()}


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
