"""The flow that trains: a Prefect task for each missing trial, a worker process for each slot.

Import it inside ``tasks.server.prefect_api()``, which says where Prefect's API is.
"""

from __future__ import annotations

import signal
from datetime import datetime
from pathlib import Path
from typing import Any

from httpx import TransportError
from prefect import flow
from prefect.client.schemas.objects import State
from prefect.exceptions import FailedRun
from prefect.futures import as_completed
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from lorvp import params
from lorvp.params import ComputeConfig
from lorvp.store import TrialStore, default_root
from tasks import sharing
from tasks.devices import slots
from tasks.errors import takes_no_files
from tasks.plan import make_plan, neighbours_together
from tasks.prefect_tasks import (
    ProgressArtifact,
    publish_results,
    queue_dropped_on_stop,
    submit,
    wait_until_recorded,
)
from tasks.progress import Progress
from tasks.workers import workers


def run(compute: ComputeConfig, experiment: Path = Path("params.yaml")) -> str:
    """Run the flow for this file; which trials failed and why, or nothing.

    Two threads of the task runner for each worker: what Prefect has to write down before a trial
    is done while the one before it trains.

    Raises:
        Exception: whatever went wrong outside of the trials.
    """
    # Again, since Polars sets it so that a Ctrl-C does not wake who waits.
    signal.signal(signal.SIGINT, signal.getsignal(signal.SIGINT))
    runner: Any = ThreadPoolTaskRunner(max_workers=2 * slots(compute))
    named = train_prompts.with_options(task_runner=runner)
    try:
        state = named(str(experiment), return_state=True)
    except TransportError:  # nobody takes down how the flow ended
        return _still_missing(experiment)
    outcome = state.result(raise_on_failure=False)
    if isinstance(outcome, BaseException) and not isinstance(outcome, FailedRun):
        raise outcome
    return state.message or "" if state.is_failed() else ""


def _still_missing(experiment: Path) -> str:
    """What the run came to, where Prefect's server is gone and nobody else knows."""
    plan = make_plan(params.read(experiment), TrialStore(default_root()))
    names = [f"  {job.point.name}" for job in plan.missing]
    gone = "Prefect's server no longer answers, so the run has ended; not trained yet:"
    return "\n".join([gone, *names]) if names else ""


def _name() -> str:
    return f"prompts {datetime.now():%Y-%m-%d %H:%M}"


@flow(name="prompts", flow_run_name=_name)
def train_prompts(experiment: str = "params.yaml") -> State:
    """Train what is missing. A trial that fails leaves the others alone, and is named."""
    settings = params.read(Path(experiment))
    plan = make_plan(settings, TrialStore(default_root()))
    total = len(plan.missing)
    sharing.clear()
    with (
        queue_dropped_on_stop(),
        workers(settings.params.compute) as team,
        Progress(total) as progress,
    ):
        shown = ProgressArtifact(total)
        tracking = settings.params.tracking
        names = {
            submit(job, team, tracking, progress.note): job.point.name
            for job in neighbours_together(plan.missing)
        }
        for future in as_completed(list(names)):
            record = future.result(raise_on_failure=False)
            if isinstance(record, TransportError) or takes_no_files(record):
                raise record  # the others would say the same
            if isinstance(record, BaseException):
                progress.failed(names[future], f"{type(record).__name__}: {record}")
            else:
                progress.finished(names[future], record)
            shown.show(progress.percent)
    sharing.clear()
    publish_results(plan)
    wait_until_recorded(total + 1)
    if progress.failures:
        return Failed(message=progress.summary)
    return Completed(message=f"{total} trials trained")
