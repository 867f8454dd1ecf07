"""Trials on machines of a cluster: what goes to them with each trial, and what they do there.

On such a machine a trial runs as it does here: in a process of its own, which a worker of the
cluster starts and keeps for the next trial.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock

from lorvp.errors import InputError
from lorvp.trials.identity import identity
from tasks.jobs import Job
from tasks.machine.devices import slots_on
from tasks.prefect_server.loopback import keep_loopback_direct
from tasks.runners.groups import Planned, planned
from tasks.runners.local import Workers
from tasks.runners.transport import Transport
from tasks.settings import ComputeConfig, TrackingConfig
from tasks.worker.failures import WorkerDied

# On a machine of the cluster nothing of ours has run before, and Prefect's server may be there.
keep_loopback_direct()

COPY_EVERY = 20.0
"""Seconds between two copies of where a trial stands."""


@dataclass(frozen=True)
class RemoteTeam:
    """The team of a cluster: each trial runs on a machine that has room for it."""

    compute: ComputeConfig
    transport: Transport

    def train(self, job: Job, tracking: TrackingConfig, log: Callable[[str], None]) -> dict:
        """On a machine of the cluster: train one trial there and deliver its result.

        Raises:
            Exception: as ``Workers.train`` does, and what went wrong with the data.
        """
        require_same_code(job)
        here = self.transport.bring(job)
        copy = lambda: self._copy_state(here, log)  # noqa: E731
        soon = _at_most_every(COPY_EVERY, copy)
        with _naming_this_machine(), self._worker(job) as worker, _copied_at_the_end(job, copy):
            record = worker.train(here, tracking, lambda line: (log(line), soon())[0])
        self.transport.deliver(here)
        return record

    def _worker(self, job: Job) -> AbstractContextManager[Workers]:
        shared = _shared.get(job.fingerprint)
        return nullcontext(shared) if shared else borrowed_worker(self.compute, self._home)

    @property
    def _home(self) -> Path:
        return self.transport.home()

    def handed_out(self, jobs: Sequence[Job]) -> list[tuple[Job, ...]]:
        """In groups, each for one machine. What its card holds is not known here, so that
        ``lanes: auto`` is one trial at a time."""
        return [group.jobs for group in planned(jobs, self.compute, ["elsewhere"])]

    @contextmanager
    def side_by_side(self, jobs: Sequence[Job]) -> Iterator[None]:
        """On a machine of the cluster: one worker for the trials that are trained in this block."""
        lanes = self.compute.lanes
        assert isinstance(lanes, int), "auto makes no groups on a cluster"
        names = [job.fingerprint for job in jobs]
        with borrowed_worker(self.compute, self._home) as worker:
            worker.expect_together(Planned(tuple(map(self.transport.bring, jobs)), lanes))
            _shared.update(dict.fromkeys(names, worker))
            try:
                yield
            finally:
                for name in names:
                    _shared.pop(name)

    def expect(self, jobs: Sequence[Job]) -> None:
        """Their data are on the share already."""

    def _copy_state(self, here: Job, log: Callable[[str], None]) -> None:
        try:
            self.transport.keep(here)
        except Exception as error:  # a loss only if this machine goes away as well
            log(f"where the trial stands could not be copied: {error}")

    def tell(self, line: str) -> None:
        """Log a warning of this task run, which ``relayed_warnings`` shows to the user."""
        from prefect import get_run_logger

        get_run_logger().warning(line)

    def warn(self, line: str) -> None:
        """The task run has logged it, and ``relayed_warnings`` shows it to the user."""

    def collect(self, job: Job) -> None:
        self.transport.collect(job)


def require_same_code(job: Job) -> None:
    """Refuse a trial that the user's machine would train with other code.

    Raises:
        InputError: this machine has another version of lorvp than the user's.
    """
    facts = job.identity
    with _parser_lock:
        # The mapping's files are not here yet.
        here = identity(job.point.trial, facts["dataset"], facts["checkpoint"], job.file_digests)
    if here != facts:
        raise InputError(f"{os.uname().nodename} runs other code of lorvp than the run was made by")


_ends = Event()
"""Set when this process was told to end, as at the end of a job's time."""
_copies: dict[str, Callable[[], object]] = {}
"""For each trial that is trained here, by fingerprint: copies where it stands."""
PATIENCE = 5.0
"""Seconds between the end of a worker and the news that all of this machine ends."""


@contextmanager
def _copied_at_the_end(job: Job, copy: Callable[[], object]) -> Iterator[None]:
    """In this block a trial is trained. If its worker dies because all of this machine ends, that
    is no failed try of the trial: another machine goes on with it, and nothing is said here."""
    _copies[job.fingerprint] = copy
    try:
        yield
    except WorkerDied:
        if _ends.wait(PATIENCE):
            Event().wait()  # for the end of this process
        raise
    finally:
        del _copies[job.fingerprint]


@contextmanager
def _naming_this_machine() -> Iterator[None]:
    """Say of what a user can mend where it has to be mended, such as by installing a package."""
    try:
        yield
    except InputError as error:
        raise InputError(f"on {os.uname().nodename}: {error}") from error


def this_machine_ends() -> None:
    """Copy where the trials here stand, for the machines that go on with them."""
    _ends.set()
    for copy in list(_copies.values()):
        copy()


idle: dict[str | None, list[Workers]] = defaultdict(list)
"""The idle workers of this process, by the devices that they see: Ray may show it other devices for
each trial."""
_shared: dict[str, Workers] = {}
"""The worker of each trial that is trained beside others now, by fingerprint."""
_numbers, _halvings = itertools.count(), Counter[str]()
_parser_lock = Lock()
"""Python 3.11 cannot parse in two threads at once: "AST constructor recursion depth mismatch"."""


@contextmanager
def borrowed_worker(compute: ComputeConfig, home: Path) -> Iterator[Workers]:
    """An idle worker, or a new one on the next device, for the time of the block."""
    same_devices = idle[os.environ.get("CUDA_VISIBLE_DEVICES")]
    worker = same_devices.pop() if same_devices else _new_worker(compute, home)
    try:
        yield worker
    finally:
        same_devices.append(worker)


def _new_worker(compute: ComputeConfig, home: Path) -> Workers:
    # A worker of Dask is told to have no children, since it would leave them behind when it is
    # killed; ours end by themselves.
    multiprocessing.current_process().daemon = False
    places = slots_on(compute)
    worker = Workers(compute, [places[next(_numbers) % len(places)]], home)
    worker.halvings = _halvings
    return worker


def end_idle_workers() -> None:
    """Stop the workers that wait for another trial."""
    for worker in [worker for workers in idle.values() for worker in workers]:
        worker.end(at_once=True)
    idle.clear()


def _at_most_every(seconds: float, do: Callable[[], object]) -> Callable[[], None]:
    """A function that calls ``do``, unless it did so less than ``seconds`` ago."""
    last = time.monotonic()

    def call() -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            do()
            last = time.monotonic()

    return call
