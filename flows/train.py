"""The flow that trains: a Prefect task for each missing trial, on what ``compute.runner`` says.

Import it inside ``tasks.prefect_server.temporary.prefect_api()``, which says where Prefect's API
is.
"""

from __future__ import annotations

import signal
from datetime import datetime
from pathlib import Path

from httpx import TransportError
from prefect import flow, tags
from prefect.client.schemas.objects import State
from prefect.exceptions import FailedRun
from prefect.futures import as_completed
from prefect.states import Cancelled, Completed, Failed

from tasks.errors import takes_no_files
from tasks.jobs import Job, Plan, holds, neighbours_together
from tasks.orchestration.artifacts import ProgressArtifact, publish_results
from tasks.orchestration.cancel import interrupted_by_cancel
from tasks.orchestration.command_line import refuse
from tasks.orchestration.request import Request, hand_over, handed_over
from tasks.orchestration.terminal import Progress
from tasks.orchestration.trials import (
    outcomes,
    queue_dropped_on_stop,
    submit,
    wait_until_recorded,
)
from tasks.runners.base import Team
from tasks.worker import shared_outputs


def run(request: Request) -> str:
    """Run the flow for the trials that the plan lacks; which of them failed and why, or nothing.

    Raises:
        Exception: whatever went wrong outside of the trials.
        KeyboardInterrupt: it was cancelled in Prefect's UI.
    """
    # Again, since Polars sets it so that a Ctrl-C does not wake who waits.
    signal.signal(signal.SIGINT, signal.getsignal(signal.SIGINT))
    named = train_prompts.with_options(task_runner=request.runner.task_runner(request.plan.missing))
    hand_over(request)
    try:
        with tags(str(Path.cwd())):  # of the run and its trials
            state = named(return_state=True)
    except TransportError:  # nobody takes down how the flow ended
        return _still_missing(request.replan())  # a search may want more than at the start
    if state.is_cancelled():
        raise KeyboardInterrupt
    error = state.result(raise_on_failure=False)
    if isinstance(error, BaseException) and not isinstance(error, FailedRun):
        raise error
    return state.message or "" if state.is_failed() else ""


def _still_missing(plan: Plan) -> str:
    """Name the trials without a result, where Prefect's server is gone and cannot do so."""
    names = [f"  {job.point.name}" for job in plan.missing if not holds(job)]
    gone = "Prefect's server no longer answers, so the run has ended; not trained yet:"
    return "\n".join([gone, *names]) if names else ""


def _name() -> str:
    return f"{Path.cwd().name} {datetime.now():%Y-%m-%d %H:%M}"


@flow(name="prompts", flow_run_name=_name)
def train_prompts() -> State:
    """Train what is missing. A trial that fails leaves the others alone, and is named."""
    with interrupted_by_cancel() as cancelled:
        try:
            progress = _train(handed_over())
        except KeyboardInterrupt:
            if not cancelled.is_set():
                raise
            return Cancelled(message="cancelled in the UI; finished trials are kept")
    if progress.failures:
        return Failed(message=progress.summary)
    return Completed(message=f"{progress.total} trials trained")


def _train(request: Request) -> Progress:
    """Train what is missing, then what that makes known, and so on: a search asks for settings in
    rounds. The progress says what became of the trials."""
    plan, failed = request.plan, set[str]()
    shared_outputs.clear()
    with (
        queue_dropped_on_stop(),
        Progress(len(plan.missing)) as progress,
        request.runner.team(plan.missing, progress.note) as team,
    ):
        shown = ProgressArtifact(progress.total)
        while wanted := [job for job in plan.missing if job.fingerprint not in failed]:
            failed |= _round(wanted, request, team, progress, shown)
            plan = request.replan() if plan.searched else plan.with_results_of(wanted)
            new = [job for job in plan.missing if job.fingerprint not in failed]
            progress.expect(len(new))
            team.expect(new)
    shared_outputs.clear()
    publish_results(plan.without_results_of(job for job in plan.jobs if job.fingerprint in failed))
    wait_until_recorded(progress.total + 1)
    return progress


def _round(
    wanted: list[Job], request: Request, team: Team, progress: Progress, shown: ProgressArtifact
) -> set[str]:
    """Train trials whose settings are known; the fingerprints of those that failed."""
    failed = set[str]()
    with request.runner.requesting_resources():
        jobs = submit(neighbours_together(wanted), team, request.tracking)
    for future in as_completed(list(jobs)):
        for job, record in outcomes(future, jobs[future], team):
            if not _note(progress, job, record):
                failed.add(job.fingerprint)
            shown.show(progress.percent)
    return failed


def _note(progress: Progress, job: Job, record: dict | BaseException) -> bool:
    """Show how a trial ended, and return whether it has a result.

    Raises:
        TransportError, OSError: the other trials would end in the same way.
    """
    if isinstance(record, TransportError) or takes_no_files(record):
        raise record
    if isinstance(record, BaseException):
        progress.failed(job.point.name, f"{type(record).__name__}: {record}")
        return False
    progress.finished(job.point.name, record)
    return True


if __name__ == "__main__":
    refuse(__doc__, "`lorvp run` trains")
