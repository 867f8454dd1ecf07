"""One trial of a group, in its worker process: its lock, its log, its trackers, its result."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

from filelock import Timeout

from lorvp.networks.acceleration.account import in_a_line
from lorvp.training.epoch import Epoch
from lorvp.trials.finish import Finished, Order
from lorvp.trials.resume import ResumeFile
from lorvp.trials.store import TrialStore
from lorvp.trials.verified import read_record
from lorvp.trials.versions import packages_of
from tasks.jobs import Job
from tasks.machine.precision import require_fast
from tasks.settings import TrackingConfig
from tasks.tracking.tracker import track
from tasks.worker.failures import Busy
from tasks.worker.log import epoch_line, own_log, speaking

T = TypeVar("T")


@dataclass(frozen=True)
class Group:
    """Trials to be trained side by side, on one dataset and one network."""

    jobs: tuple[Job, ...]
    device: str
    tracking: TrackingConfig
    width: int = 1
    """The number of lanes to which a batch is filled up."""
    halvings: int = 0
    """How often memory has run out."""
    slow_precision: bool = False
    """Whether a precision in which the device is slow is accepted."""


class Lane:
    """One trial of a group, with its lock, its log and its trackers."""

    def __init__(self, job: Job, group: Group) -> None:
        self.job, self.group, self.store = job, group, TrialStore(job.store)
        self.resume = self.store.resume(job.state)
        self._open = ExitStack()

    def begin(self) -> dict | Exception | None:
        """Open the log; the trial's record if it is finished already, or why it cannot begin."""
        return self._or_error(self._begun)

    def _or_error(self, do: Callable[[], T]) -> T | Exception:
        """What ``do`` returns, or the error with which it ends the trial."""
        with speaking(self.job.fingerprint):
            try:
                return do()
            except Exception as error:
                self.close(error)
                return error

    def _begun(self) -> dict | None:
        job, group = self.job, self.group
        self._open.enter_context(self._locked())
        self.log = self._open.enter_context(own_log(job.fingerprint))
        if self.store.holds(job.fingerprint):
            return self._record()
        self.log.info("%s (%s) on %s", job.point.name, job.fingerprint, group.device)
        self._require_fast()
        if group.halvings:
            pieces = 2**group.halvings
            self.log.warning("memory ran out before: a batch goes through in %d pieces", pieces)
        tracker = track(job, group.tracking, self.log, lambda: _earlier_epochs(self.resume))
        self.tracker = self._open.enter_context(tracker)
        return None

    def _locked(self) -> AbstractContextManager[object]:
        """The trial's lock. Who is alone waits for it; a group would wait with all its trials, and
        two groups for each other."""
        lock = self.store.lock(self.job.state)  # which no two may write
        try:
            return lock.acquire(blocking=len(self.group.jobs) == 1)
        except Timeout as error:
            raise Busy(f"another process is training {self.job.point.name}") from error

    def _require_fast(self) -> None:
        """Ask this device too: a machine of a cluster may be another than the one that planned."""
        precision, device = self.job.point.trial.training.precision, self.group.device
        if (slow := require_fast(precision, device, self.group.slow_precision)) is not None:
            self.log.warning("%s is far slower than fp32 on %s: %s", precision, device, slow)

    def order(self, about: dict[str, Any]) -> Order:
        """What is to be trained."""
        job = self.job
        facts = {"name": job.point.name, "environment": about, **packages_of(job.point.trial)}
        resume = Spoken(self.resume, job.fingerprint)
        return Order(job.point.trial, job.identity, facts, self._on_epoch, resume)

    def _on_epoch(self, epoch: Epoch) -> None:
        with speaking(self.job.fingerprint):
            self.log.info(epoch_line(epoch))
            self.tracker.epoch(epoch)

    def end(self, done: Finished | Exception) -> dict | Exception:
        """Store a result; the trial's record, or what went wrong."""
        return self._or_error(lambda: self._stored(done))

    def _stored(self, done: Finished | Exception) -> dict:
        if isinstance(done, Exception):
            raise done
        self.tracker.summary(done.result.summary)
        self.log.info("network: %s", in_a_line(done.result.engine))
        self.store.put(self.job.fingerprint, done.files)
        if self.job.state == self.job.fingerprint:  # else another trial may go on from it
            self.resume.forget()
        return self._record()

    def _record(self) -> dict:
        self.close()
        return read_record(self.store.folder(self.job.fingerprint))

    def close(self, error: BaseException | None = None) -> None:
        """Close log and trackers, which are told of an error, and open the lock."""
        with speaking(self.job.fingerprint):
            self._open.__exit__(type(error) if error else None, error, None)


@dataclass(frozen=True)
class Spoken:
    """A trial's state, whose log is the trial's own."""

    file: ResumeFile
    fingerprint: str

    def load(self) -> dict[str, Any] | None:
        with speaking(self.fingerprint):
            return self.file.load()

    def save(self, state: dict[str, Any]) -> None:
        with speaking(self.fingerprint):
            self.file.save(state)


def _earlier_epochs(resume: ResumeFile) -> list[Epoch]:
    """The epochs of earlier tries of a trial, in order."""
    saved = resume.load()
    return [Epoch(**epoch) for epoch in saved["training"]["history"]] if saved else []
