"""How a trial's data get to the machine that trains it, and how its result comes back."""

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

from lorvp.errors import InputError
from lorvp.experiment.trial import Point
from lorvp.files.whole import write_whole
from lorvp.trials.store import TrialStore
from tasks.jobs import Job
from tasks.paths import WORK
from tasks.runners.share import CHECKPOINT_KIND, DATASET_KIND, DamagedError, Share

DAY = 86_400.0


class Transport(Protocol):
    """A way to the machines that train. It goes to them with each trial."""

    def send(self, jobs: Iterable[Job]) -> None:
        """On the user's machine, before all trials: send the data that they need."""
        ...

    def home(self) -> Path:
        """On the machine that trains: the folder from which its relative paths start."""
        ...

    def bring(self, job: Job) -> Job:
        """There, before a trial: fetch its data, and its result or its state if there is one.

        Returns the job with the places of these on that machine.
        """
        ...

    def keep(self, job: Job) -> None:
        """There, from time to time: copy the trial's state, for when this machine goes away."""
        ...

    def deliver(self, job: Job) -> None:
        """There, after the trial: send its result."""
        ...

    def collect(self, job: Job) -> None:
        """On the user's machine, after the trial: take its result into the store."""
        ...

    def progress(self, jobs: Iterable[Job]) -> object:
        """On the user's machine: how far trials are, equal to what it was if none went on."""
        ...


@dataclass(frozen=True)
class InPlace:
    """All machines have the user's files: each is where the job says."""

    project: Path

    def send(self, jobs: Iterable[Job]) -> None: ...

    def home(self) -> Path:
        return self.project

    def bring(self, job: Job) -> Job:
        """Raises:
        InputError: this machine does not have the user's files.
        """
        for path in (self.project, self.project / job.dataset, self.project / job.checkpoint):
            if not path.exists():
                raise InputError(
                    f"{os.uname().nodename} does not see {path} of the user's machine; name a "
                    "folder that both see, or a URL, as `compute: {share: …}`"
                )
        return job

    def keep(self, job: Job) -> None: ...

    def deliver(self, job: Job) -> None: ...

    def collect(self, job: Job) -> None: ...

    def progress(self, jobs: Iterable[Job]) -> object:
        stores = {job.store for job in jobs}
        states = [path for store in stores for path in (store, *(store / ".resume").glob("*"))]
        return {path: path.stat().st_mtime_ns for path in states if path.exists()}


@dataclass(frozen=True)
class ThroughShare:
    """The way through a folder or a URL that all machines reach."""

    url: str

    def send(self, jobs: Iterable[Job]) -> None:
        share, jobs = Share(self.url), list(jobs)
        for digest, folder in {job.identity["dataset"]: job.dataset for job in jobs}.items():
            share.put_folder(DATASET_KIND, digest, folder)
        for digest, folder in {job.identity["checkpoint"]: job.checkpoint for job in jobs}.items():
            share.put_folder(CHECKPOINT_KIND, digest, folder)
        for job in jobs:
            mapping, digests = job.point.trial.mapping, job.file_digests
            for field, path in mapping.files.items():
                share.put_file(digests[field], path)
            for field, folder in mapping.checkpoints.items():
                share.put_folder(CHECKPOINT_KIND, digests[field], folder)

    def home(self) -> Path:
        """``$LORVP_NODE``, or a folder in the user's cache, which may be removed between runs."""
        chosen = os.environ.get("LORVP_NODE")
        home = Path(chosen).absolute() if chosen else user_cache_path("lorvp") / "node"
        home.mkdir(parents=True, exist_ok=True)
        _sweep(home / WORK, older_than=DAY)
        return home

    def bring(self, job: Job) -> Job:
        """Fetch also a finished trial, which is then not trained again."""
        share, home = Share(self.url), self.home()
        store = TrialStore(home / "trials")
        if not fetch_trial(share, job.fingerprint, store):
            stands = share.get_bytes(f"resume/{job.state}")
            if stands is not None:
                write_whole(store.resume(job.state).path, stands)
        return replace(
            job,
            point=_with_files(job, share, home),
            store=store.root,
            dataset=share.get_folder(DATASET_KIND, job.identity["dataset"], home),
            checkpoint=share.get_folder(CHECKPOINT_KIND, job.identity["checkpoint"], home),
        )

    def keep(self, job: Job) -> None:
        path = TrialStore(job.store).resume(job.state).path
        if path.exists():
            Share(self.url).put_bytes(f"resume/{job.state}", path.read_bytes())

    def deliver(self, job: Job) -> None:
        """Send the result and remove it here: the share keeps it for every machine."""
        share, folder = Share(self.url), TrialStore(job.store).folder(job.fingerprint)
        share.put_trial(folder)
        if job.state == job.fingerprint:
            share.remove(f"resume/{job.state}")
        else:  # another trial may go on from it, on another machine
            self.keep(job)
        shutil.rmtree(folder)

    def collect(self, job: Job) -> None:
        if not fetch_trial(Share(self.url), job.fingerprint, TrialStore(job.store)):
            raise DamagedError(f"{job.point.name} was trained, but {self.url} has no whole copy")

    def progress(self, jobs: Iterable[Job]) -> object:
        return Share(self.url).states("resume", "trials")


def _with_files(job: Job, share: Share, home: Path) -> Point:
    """The job's point, whose mapping reads its files where they lie on this machine."""
    trial, digests = job.point.trial, job.file_digests
    files = {field: share.get_file(digests[field], home) for field in trial.mapping.files}
    networks = {
        field: share.get_folder(CHECKPOINT_KIND, digests[field], home)
        for field in trial.mapping.checkpoints
    }
    mapping = trial.mapping.with_files(files | networks)
    return replace(job.point, trial=trial.model_copy(update={"mapping": mapping}))


def fetch_trial(share: Share, fingerprint: str, store: TrialStore) -> bool:
    """Take a trial from the share if ``store`` lacks it; whether ``store`` holds it now."""
    if not store.holds(fingerprint):
        store.work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=store.work) as scratch:
            folder = Path(scratch) / fingerprint
            if share.get_trial(fingerprint, folder):
                store.adopt(folder)
    return store.holds(fingerprint)


def _sweep(work: Path, older_than: float) -> None:
    """Remove logs and shared outputs that earlier runs have left."""
    for path in work.glob("*/*"):
        if time.time() - path.stat().st_mtime < older_than:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
