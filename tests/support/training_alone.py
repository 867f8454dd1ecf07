"""A trial that is trained in this process, as a group of its own."""

from __future__ import annotations

from tasks.jobs import Job
from tasks.settings import TrackingConfig
from tasks.worker.group import train_group
from tasks.worker.lane import Group


def train_and_store(
    job: Job,
    device: str,
    tracking: TrackingConfig,
    halvings: int = 0,
    slow_precision: bool = False,
) -> dict:
    """Train one trial alone, unless another process has just done so; return its trial.json.

    Raises:
        Exception: whatever went wrong in it.
    """
    group = Group((job,), device, tracking, halvings=halvings, slow_precision=slow_precision)
    for ended in train_group(group):
        for record in ended.values():
            if isinstance(record, Exception):
                raise record
            return record
    raise AssertionError("a trial ends")
