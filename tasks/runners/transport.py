"""How a trial's data get to the machine that trains it, and its result back."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from platformdirs import user_cache_path

from lorvp.files.whole import write_whole
from lorvp.trials.store import TrialStore
from tasks.jobs import Job
from tasks.paths import WORK
from tasks.runners.share import CHECKPOINTS, DATASETS, DamagedError, Share

DAY = 86_400.0


class Transport(Protocol):
    """Goes with each trial to the machine that trains it."""

    def send(self, jobs: Iterable[Job]) -> None:
        """On the user's machine, before all trials: the data they need."""
        ...

    def home(self) -> Path:
        """On the machine that trains: the folder that its relative paths start from."""
        ...

    def bring(self, job: Job) -> Job:
        """There, before a trial: the job with its data at hand, and all that is known of it."""
        ...

    def keep(self, job: Job) -> None:
        """There, now and then: where the trial stands, in case that this machine goes away."""
        ...

    def deliver(self, job: Job) -> None:
        """There, after the trial: its result."""
        ...

    def collect(self, job: Job) -> None:
        """On the user's machine, after the trial: take it into the store."""
        ...


@dataclass(frozen=True)
class InPlace:
    """The machine that trains is the user's: all is where the job says."""

    project: Path

    def send(self, jobs: Iterable[Job]) -> None: ...

    def home(self) -> Path:
        return self.project

    def bring(self, job: Job) -> Job:
        return job

    def keep(self, job: Job) -> None: ...

    def deliver(self, job: Job) -> None: ...

    def collect(self, job: Job) -> None: ...


@dataclass(frozen=True)
class ThroughShare:
    """By way of a folder or a URL that all machines reach."""

    url: str

    def send(self, jobs: Iterable[Job]) -> None:
        share, jobs = Share(self.url), list(jobs)
        for digest, folder in {job.identity["dataset"]: job.dataset for job in jobs}.items():
            share.put_folder(DATASETS, digest, folder)
        for digest, folder in {job.identity["checkpoint"]: job.checkpoint for job in jobs}.items():
            share.put_folder(CHECKPOINTS, digest, folder)

    def home(self) -> Path:
        """``$LORVP_NODE``, or in the user's cache folder; may be removed when nothing runs."""
        chosen = os.environ.get("LORVP_NODE")
        home = Path(chosen).absolute() if chosen else user_cache_path("lorvp") / "node"
        home.mkdir(parents=True, exist_ok=True)
        _sweep(home / WORK, older_than=DAY)
        return home

    def bring(self, job: Job) -> Job:
        """A trial that is finished comes too, and is then not trained again."""
        share, home = Share(self.url), self.home()
        store = TrialStore(home / "trials")
        if not taken(share, job.fingerprint, store):
            stands = share.get_bytes(f"resume/{job.fingerprint}")
            if stands is not None:
                write_whole(store.resume(job.fingerprint).path, stands)
        return replace(
            job,
            store=store.root,
            dataset=share.get_folder(DATASETS, job.identity["dataset"], home),
            checkpoint=share.get_folder(CHECKPOINTS, job.identity["checkpoint"], home),
        )

    def keep(self, job: Job) -> None:
        path = TrialStore(job.store).resume(job.fingerprint).path
        if path.exists():
            Share(self.url).put_bytes(f"resume/{job.fingerprint}", path.read_bytes())

    def deliver(self, job: Job) -> None:
        """The share keeps it for every machine, so this one need not."""
        share, folder = Share(self.url), TrialStore(job.store).folder(job.fingerprint)
        share.put_trial(folder)
        share.remove(f"resume/{job.fingerprint}")
        shutil.rmtree(folder)

    def collect(self, job: Job) -> None:
        if not taken(Share(self.url), job.fingerprint, TrialStore(job.store)):
            raise DamagedError(f"{job.point.name} was trained, but {self.url} has no whole copy")


def taken(share: Share, fingerprint: str, store: TrialStore) -> bool:
    """Whether ``store`` holds a trial now; taken from the share if it is whole there."""
    if not store.holds(fingerprint):
        store.work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=store.work) as scratch:
            folder = Path(scratch) / fingerprint
            if share.get_trial(fingerprint, folder):
                store.adopt(folder)
    return store.holds(fingerprint)


def _sweep(work: Path, older_than: float) -> None:
    """Remove logs and shared outputs of earlier runs; the next run has other ones."""
    for path in work.glob("*/*"):
        if time.time() - path.stat().st_mtime < older_than:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
