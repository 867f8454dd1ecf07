"""Which trials are handed to a worker together, to be lanes of one pass through their network."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lorvp.datasets import prepared
from lorvp.experiment.trial import Trial
from lorvp.trials.company import company
from tasks.jobs import Job, manifest_of
from tasks.machine.lanes import width
from tasks.settings import ComputeConfig

OWN = {"seed", "part", "stop_after"}
"""Settings that make no difference to those beside a trial."""


@dataclass(frozen=True)
class Planned:
    """Trials that are to be trained side by side."""

    jobs: tuple[Job, ...]
    width: int = 1
    """The number of lanes to which a batch is filled up, however many trials there are."""


def planned(jobs: Sequence[Job], compute: ComputeConfig, places: Sequence[str]) -> list[Planned]:
    """All trials in groups, in the order of the first of each.

    A group is smaller than its width where some of ``places`` would have no work otherwise.
    """
    found: dict[object, list[Job]] = {}
    lanes: dict[object, int] = {}
    for job in jobs:
        name, lanes_of_it = _company(job, compute, places[0])
        found.setdefault(name, []).append(job)
        lanes[name] = lanes_of_it
    return [
        Planned(part, lanes[name])
        for name, members in found.items()
        for part in _parts(members, lanes[name], len(places))
    ]


def _parts(jobs: list[Job], lanes: int, places: int) -> Iterator[tuple[Job, ...]]:
    size = min(lanes, math.ceil(len(jobs) / places))
    for first in range(0, len(jobs), size):
        yield tuple(jobs[first : first + size])


def _company(job: Job, compute: ComputeConfig, place: str) -> tuple[object, int]:
    """A name that all trials have which can be trained beside this one, and their lanes."""
    lanes = width(compute, job.point.trial, manifest_of(job.checkpoint), place)
    if lanes > 1:
        alike = job.point.trial.model_dump_json(exclude=OWN)  # a grid has few that differ
        common = _common(alike, job.dataset, job.checkpoint)
        if common is not None:
            return (job.dataset, job.checkpoint, common), lanes
    return job.fingerprint, 1


@cache
def _common(trial: str, dataset: Path, network: Path) -> bytes | None:
    manifest = manifest_of(network)
    ends = manifest.ends(prepared.read(dataset).class_names)
    return company(Trial.model_validate_json(trial), manifest.canvas, ends)
