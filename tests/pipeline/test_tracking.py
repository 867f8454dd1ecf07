"""Weights & Biases stays out of the way where it is not asked for."""

from .project import Project

TRACK = """
import logging
import sys
from pathlib import Path
from lorvp import params
from lorvp.store import TrialStore
from tasks.plan import make_jobs
from tasks.tracking import Nowhere, track

experiment = params.read()
job = make_jobs(experiment, TrialStore(Path("store")))[0]
with track(job, experiment.params.tracking, logging.getLogger()) as tracker:
    assert isinstance(tracker, Nowhere)
    tracker.summary({})
print([name for name in ("wandb", "prefect", "dvc", "timm") if name in sys.modules])
"""


def test_disabled_imports_nothing(project: Project):
    done = project.python("-c", TRACK)
    assert (done.code, done.out) == (0, "[]\n")
