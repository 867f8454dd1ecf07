"""Trials in worker processes of this machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Any

from tasks.jobs import Job
from tasks.machine.devices import slots_on
from tasks.runners.base import Team
from tasks.runners.driver import Driver
from tasks.runners.groups import Planned, planned
from tasks.runners.pool import Slot, make_slots, prestarted_slots
from tasks.runners.underway import Underway, Waiting
from tasks.settings import ComputeConfig, TrackingConfig
from tasks.worker.failures import Stopped, ran_out_of_memory


class OnThisMachine:
    """The runner ``local``."""

    def __init__(self, compute: ComputeConfig) -> None:
        self.compute = compute

    def check(self) -> None: ...

    def prestarted(self, trials: int) -> AbstractContextManager[object]:
        return prestarted_slots(self.compute, trials)

    def task_runner(self, jobs: Sequence[Job]) -> Any:
        """A thread for each trial that is trained at once; the others are Pending."""
        from tasks.runners.threads import Threads  # which imports Prefect

        places = slots_on(self.compute)
        lanes = max((len(group.jobs) for group in planned(jobs, self.compute, places)), default=1)
        return Threads(max_workers=lanes * len(places))

    def requesting_resources(self) -> AbstractContextManager[object]:
        return nullcontext()

    def team(self, jobs: list[Job], tell: Callable[[str], object]) -> AbstractContextManager[Team]:
        return workers(self.compute, tell, jobs)


@contextmanager
def workers(
    compute: ComputeConfig, tell: Callable[[str], object] = print, jobs: Sequence[Job] = ()
) -> Iterator[Workers]:
    """Workers for the time of the block; when it is left early, they stop at once."""
    places = slots_on(compute)
    team = Workers(compute, places, Path.cwd(), tell)
    try:
        team.expect(jobs)
        yield team
        team.end(at_once=False)
    except BaseException:
        team.end(at_once=True)
        raise


class Workers:
    """A slot for each group of trials that runs at once; a process that dies takes only its own
    group with it, which goes on trial by trial."""

    def __init__(
        self,
        compute: ComputeConfig,
        places: Sequence[str],
        home: Path,
        tell: Callable[[str], object] = print,
    ) -> None:
        self.compute, self.home, self.tell, self.places = compute, home, tell, places
        self.halvings: Counter[str] = Counter()
        """By fingerprint: how often a trial ran out of memory."""
        self.stopped = False
        self._warned: set[str] = set()
        self.slots = make_slots(places, home)
        self._free: SimpleQueue[Slot] = SimpleQueue()
        for slot in self.slots:
            self._free.put(slot)
        self._plan: dict[str, Planned] = {}
        self._widths: dict[str, int] = {}
        self._begun: dict[str, Underway] = {}
        self._lock = Lock()
        self._drivers = ThreadPoolExecutor(len(self.slots))

    def train(
        self, job: Job, tracking: TrackingConfig, log: Callable[[str], None] = lambda line: None
    ) -> dict:
        """Train one trial in a worker, on a device that is free, and wait for its record.

        The trials that are planned beside it are trained with it, and wait for those who ask.
        ``log`` is given each line of the trial's log as it is written.

        Raises:
            Stopped: the whole run was.
            WorkerDied: the process was killed or crashed.
            OutOfTime: it took longer than ``compute.time_limit``.
            Exception: whatever went wrong inside the trial, as it was raised there.
        """
        try:
            group = self._begin(job, tracking)
            return self._result(group.waiting[job.fingerprint], log)
        except Exception as error:
            if self.stopped:  # however its end looked from here
                raise Stopped("the run was stopped; whole epochs are kept") from error
            self.halvings[job.fingerprint] += ran_out_of_memory(error)
            raise

    def expect(self, jobs: Sequence[Job]) -> None:
        """Plan which of these trials are trained side by side; others are trained alone."""
        for group in planned(jobs, self.compute, self.places):
            self.expect_together(group)

    def _begin(self, job: Job, tracking: TrackingConfig) -> Underway:
        """The group of a trial, begun if it was not; a trial that is tried again is alone."""
        with self._lock:
            group = self._begun.pop(job.fingerprint, None)
            if group is None:
                planned = self._plan.pop(job.fingerprint, None) or self._alone(job)
                others = [other for other in planned.jobs if other.fingerprint in self._plan]
                group = Underway([job, *others], planned.width, tracking, self.home)
                for other in others:
                    self._plan.pop(other.fingerprint)
                    self._begun[other.fingerprint] = group
                self._drivers.submit(self._drive, group)
            return group

    def _alone(self, job: Job) -> Planned:
        """A batch stays filled up to as many lanes as before, unless memory does not do: the last
        bits depend on it."""
        again = self.halvings[job.fingerprint] > 0
        return Planned((job,), 1 if again else self._widths.get(job.fingerprint, 1))

    def _result(self, waiting: Waiting, log: Callable[[str], None]) -> dict:
        # The process may be killed with the run, and its group then ends nothing.
        while not wait([waiting.record], timeout=1).done:
            self._pass_on(waiting, log)
            self.require_running()
        self._pass_on(waiting, log)
        return waiting.record.result()

    def _pass_on(self, waiting: Waiting, log: Callable[[str], None]) -> None:
        for line in waiting.log.new_lines():
            log(line)

    def _drive(self, group: Underway) -> None:
        """Train a group to its end, in a thread of its own."""
        slot = self._free.get()
        try:
            Driver(self, slot, group).run()
        except BaseException as error:
            group.end_all(error)
        finally:
            self._free.put(slot)

    def require_running(self) -> None:
        if self.stopped:
            raise Stopped("the run was stopped")

    def warn(self, line: str) -> None:
        """Tell a warning once, however many trials give it."""
        if line not in self._warned:
            self._warned.add(line)
            self.tell(line)

    def handed_out(self, jobs: Sequence[Job]) -> list[tuple[Job, ...]]:
        return [(job,) for job in jobs]

    def side_by_side(self, jobs: Sequence[Job]) -> AbstractContextManager[object]:
        return nullcontext()

    def expect_together(self, group: Planned) -> None:
        """Train these trials side by side once one of them is asked for."""
        with self._lock:
            self._plan |= {job.fingerprint: group for job in group.jobs}
            self._widths |= {job.fingerprint: group.width for job in group.jobs}

    def collect(self, job: Job) -> None:
        """Workers of this machine have put it into the user's store themselves."""

    def end(self, at_once: bool) -> None:
        """Stop the processes, or let them finish what they do."""
        self.stopped = at_once
        # A group may have trials left for which nobody waits, since Prefect lost them.
        self._drivers.shutdown(wait=not at_once, cancel_futures=True)
        for slot in self.slots:
            slot.end(at_once)
        for slot in self.slots:
            slot.pool.join()
        self._drivers.shutdown()
