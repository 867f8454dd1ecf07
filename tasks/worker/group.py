"""Trials that a worker process trains side by side, as lanes of one pass through their network."""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterator
from dataclasses import dataclass

from lorvp.networks import checkpoint
from lorvp.trials.finish import Files, finish_together
from lorvp.trials.versions import environment
from tasks.paths import NOTES
from tasks.worker import shared_outputs
from tasks.worker.failures import WorkerDied
from tasks.worker.lane import Group, Lane

Ended = dict[str, "dict | Exception"]
"""Trials that have ended, by fingerprint: their trial.json, or why they have none."""


def train_group(group: Group) -> Iterator[Ended]:
    """Train the trials of a group; after each epoch, yield those that have ended.

    A trial that was stopped goes on after its last whole epoch.

    Raises:
        Exception: memory ran out, or something else that is no trial's own, for all that have not
            ended.
    """
    lanes = [Lane(job, group) for job in group.jobs]
    try:
        ended = {lane.job.fingerprint: out for lane in lanes if (out := lane.begin()) is not None}
        yield ended
        if wanted := [lane for lane in lanes if lane.job.fingerprint not in ended]:
            yield from _trained(wanted, group)
    except BaseException as error:
        for lane in lanes:
            lane.close(error)
        raise


def _trained(lanes: list[Lane], group: Group) -> Iterator[Ended]:
    job = group.jobs[0]
    files = Files(job.dataset, job.checkpoint, shared_outputs.FOLDER, NOTES)
    about = environment(group.device, checkpoint.read_manifest(job.checkpoint).library)
    orders = [lane.order(about) for lane in lanes]
    for found in finish_together(orders, files, group.device, group.width, group.halvings):
        yield {
            lanes[number].job.fingerprint: lanes[number].end(done) for number, done in found.items()
        }


REPORT_EVERY = 1.0
"""Seconds of training from one report to the next, if no trial ends before."""


@dataclass(frozen=True)
class Report:
    """What became of a group in the last second."""

    ended: Ended
    more: bool
    """Whether it goes on."""


_running: list[Iterator[Ended]] = []
"""The group that this process trains."""


def begin(group: Group) -> Report:
    """In a worker process: begin to train a group; ``go_on`` is to be called as long as there is
    ``more``."""
    while _running:
        _running.pop().close()  # type: ignore[attr-defined]
    _running.append(train_group(group))
    return go_on()


def go_on() -> Report:
    """Train on until a trial ends, or for a while.

    The run asks again and again, so that each trial's end is known when it comes.

    Raises:
        WorkerDied: this process has no group: the one that had it has died between two calls.
        Exception: as ``train_group``.
    """
    if not _running:
        raise WorkerDied("the worker process ended between two epochs")
    try:
        return _report(_running[0])
    except Exception as error:
        _running.clear()
        raise _portable(error) from None


def _report(group: Iterator[Ended]) -> Report:
    end = time.monotonic() + REPORT_EVERY
    for ended in group:
        if ended or time.monotonic() > end:
            sent = {
                name: _portable(what) if isinstance(what, Exception) else what
                for name, what in ended.items()
            }
            return Report(sent, more=True)
    _running.clear()
    return Report({}, more=False)


def _portable(error: Exception) -> Exception:
    """An error as it can be sent to another process; others' errors may need arguments to be made
    again that they do not keep."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
