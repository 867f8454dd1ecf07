"""Tell the trackers of params.yaml of trials that were finished before tracking was switched on.

Each finished trial of the grid is sent once more, with all its epochs, to what `tracking:` names:
Weights & Biases (with `wandb: offline` into data/wandb, without a network) or TensorBoard. A trial
that is there already stays one run. Nothing is trained.
"""

from __future__ import annotations

import logging

from lorvp.errors import InputError
from tasks import settings
from tasks.orchestration.command_line import run
from tasks.stages.costs import finished_jobs
from tasks.tracking.finished import send
from tasks.tracking.tracker import require


def main() -> None:
    """Send the finished trials.

    Raises:
        InputError: no tracker is switched on.
    """
    experiment = settings.read()
    tracking, jobs = experiment.params.tracking, finished_jobs(experiment)
    if not tracking.services:
        raise InputError("params.yaml: tracking: none is on; set `wandb: offline`, for one")
    require(tracking)
    logging.basicConfig(format="%(message)s")
    for number, job in enumerate(jobs, 1):
        print(f"[{number}/{len(jobs)}] {job.point.name}", flush=True)
        send(job, tracking, logging.getLogger("lorvp"))
    names = ", ".join(service.NAME for service in tracking.services)
    print(f"{len(jobs)} of {len(experiment.points)} trials are finished, and told to {names}")


if __name__ == "__main__":
    run(main, name="lorvp track")
