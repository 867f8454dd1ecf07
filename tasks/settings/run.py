"""All of params.yaml, with the sections that say where trials run and who is told of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from lorvp.errors import InputError
from lorvp.experiment import params
from lorvp.experiment.params import Experiment, Params
from lorvp.settings import Name
from tasks.settings.compute import OTHER_RUNNERS, ComputeConfig
from tasks.settings.tracking import OTHER_TRACKERS, TrackingConfig

PARAMS = Path("params.yaml")


def _inside_a_project(path: str) -> str:
    if not path or Path(path).is_absolute() or ":" in path:
        raise ValueError("should be a path from the project's folder, such as my_package")
    return path


CodePath = Annotated[str, AfterValidator(_inside_a_project)]


class RunParams(Params):
    """All of params.yaml."""

    code: dict[Name, CodePath] = Field(default={})
    """Files or folders of your own code, which DVC then looks at: an edit makes the networks that
    it builds (`kind: python`) again."""
    compute: ComputeConfig = ComputeConfig()
    tracking: TrackingConfig = TrackingConfig()


RunExperiment = Experiment[RunParams]


def read(path: Path = PARAMS) -> RunExperiment:
    """Read and check all of ``path``, which asks for trials; see ``read_sections``.

    Raises:
        InputError: it asks for none.
    """
    experiment = read_sections(path)
    if reason := nothing_to_train(experiment):
        raise InputError(f"{path}: {reason}")
    return experiment


def nothing_to_train(experiment: RunExperiment) -> str:
    """A sentence if no trial is asked for, else nothing."""
    if experiment.points or experiment.searches:
        return ""
    return (
        "grid: it asks for no trial, so there is nothing to train; `dvc repro datasets@NAME` or "
        "`dvc repro checkpoints@NAME` prepares a dataset or a network alone"
    )


def read_sections(path: Path = PARAMS) -> RunExperiment:
    """Read and check all of ``path``, with trials or without; see
    ``lorvp.experiment.params.read_as``."""
    OTHER_RUNNERS.require_free()
    OTHER_TRACKERS.require_free()
    return params.read_as(RunParams, path)
