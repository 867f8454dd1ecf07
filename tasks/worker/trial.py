"""Train one trial in a worker process and put it into the store."""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path

from lorvp import code_digest
from lorvp.networks import checkpoint
from lorvp.networks.acceleration.account import in_a_line
from lorvp.networks.acceleration.precision import SlowPrecision
from lorvp.training.determinism import make_repeatable
from lorvp.training.trainer import Epoch
from lorvp.trials.finish import Files, Finished, finish
from lorvp.trials.resume import ResumeFile
from lorvp.trials.store import TrialStore
from lorvp.trials.verified import read_record
from lorvp.trials.versions import environment
from tasks.jobs import Job
from tasks.machine.devices import confine
from tasks.machine.memory import keep_freed_memory
from tasks.machine.precision import require_fast
from tasks.paths import NOTES
from tasks.processes import end_with_parent
from tasks.settings import TrackingConfig
from tasks.tracking.tracker import track
from tasks.worker import shared_outputs
from tasks.worker.log import epoch_line, own_log


def start_worker(parent: int, place: str, home: Path) -> None:
    """Set up a new worker process: one thread, one device, repeatable kernels, and an end with the
    process ``parent``. Its relative paths start from the folder ``home``."""
    os.chdir(home)
    confine(place)
    keep_freed_memory()
    make_repeatable()
    code_digest.hold()
    # The log says so, once for each trial.
    warnings.simplefilter("ignore", SlowPrecision)
    # Server and flow come first: they need little, and while they wait no trial is handed out.
    os.nice(5)
    end_with_parent(parent)


def train_and_store(
    job: Job,
    device: str,
    tracking: TrackingConfig,
    halvings: int = 0,
    slow_precision: bool = False,
) -> dict:
    """Train the trial unless another process has just done so; return its trial.json.

    A trial that was stopped goes on after its last whole epoch. ``halvings``: how often it has
    run out of memory.

    Raises:
        InputError: this device is slow in the trial's precision, and ``slow_precision`` is false.
    """
    store = TrialStore(job.store)
    with store.lock(job.fingerprint), own_log(job.fingerprint) as log:
        if not store.holds(job.fingerprint):
            log.info("%s (%s) on %s", job.point.name, job.fingerprint, device)
            _require_fast(job, device, slow_precision, log)
            resume = store.resume(job.fingerprint)
            done = _trained(job, device, tracking, halvings, resume, log)
            log.info("network: %s", in_a_line(done.result.engine))
            store.put(job.fingerprint, done.files)
            resume.forget()
    return read_record(store.folder(job.fingerprint))


def _require_fast(job: Job, device: str, slow_precision: bool, log: logging.Logger) -> None:
    """Ask this device too: a machine of a cluster may be another than the one that planned."""
    precision = job.point.trial.training.precision
    if (slow := require_fast(precision, device, slow_precision)) is not None:
        log.warning("%s is far slower than fp32 on %s: %s", precision, device, slow)


def _trained(
    job: Job,
    device: str,
    tracking: TrackingConfig,
    halvings: int,
    resume: ResumeFile,
    log: logging.Logger,
) -> Finished:
    if halvings:
        log.warning("memory ran out before: a batch goes through in %d pieces", 2**halvings)
    with track(job, tracking, log, lambda: _earlier_epochs(resume)) as tracker:

        def on_epoch(epoch: Epoch) -> None:
            log.info(epoch_line(epoch))
            tracker.epoch(epoch)

        trial, files = (
            job.point.trial,
            Files(job.dataset, job.checkpoint, shared_outputs.FOLDER, NOTES),
        )
        library = checkpoint.read_manifest(job.checkpoint).library
        facts = {"name": job.point.name, "environment": environment(device, library)}
        done = finish(trial, files, job.identity, facts, device, on_epoch, resume, halvings)
        tracker.summary(done.result.summary)
    return done


def _earlier_epochs(resume: ResumeFile) -> list[Epoch]:
    """The epochs of earlier tries of a trial, in order."""
    saved = resume.load()
    return [Epoch(**epoch) for epoch in saved["training"]["history"]] if saved else []
