"""What the pages of Prefect's UI show of a run: its progress, its results, why a trial failed."""

from __future__ import annotations

import time
from typing import cast
from uuid import UUID

from prefect import task
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE

from lorvp.files.whole import to_json
from lorvp.results.tables import comparison, fenced, in_markdown, results
from lorvp.trials.store import TrialStore
from lorvp.trials.verified import read_record
from tasks.jobs import Job, Plan
from tasks.worker.log import log_file


class ProgressArtifact:
    """A progress bar on the flow run's page."""

    EVERY = 1
    """Seconds from one update to the next: an update may take longer than a trial."""

    def __init__(self, total: int) -> None:
        about = f"{total} trials to train"
        self.bar = cast(UUID, create_progress_artifact(0.0, key="trials", description=about))
        self.shown = time.monotonic()

    def show(self, percent: float) -> None:
        """Move the bar to ``percent``, unless it was moved a moment ago."""
        if percent == 100 or time.monotonic() > self.shown + self.EVERY:
            update_progress_artifact(self.bar, percent)
            self.shown = time.monotonic()


@task(name="results", task_run_name="results", cache_policy=NO_CACHE, persist_result=False)
def publish_results(plan: Plan) -> None:
    """Show the comparison table of all finished trials on the flow run's page."""
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


def publish_failure(job: Job, error: Exception) -> None:
    """Show why a trial failed: on its own page, and beside its bar in the flow run's picture."""
    settings = to_json(job.identity["settings"])
    create_markdown_artifact(
        f"**{type(error).__name__}**\n\n{fenced(str(error))}\n"
        f"The trial's log: `{log_file(job.fingerprint)}`. "
        f"The next run that asks for it tries again.\n\n{fenced(settings, 'json')}",
        key="why-it-failed",
        description=in_markdown(job.point.name),
    )
