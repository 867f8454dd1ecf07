"""Keeps jobs of Slurm going until a run has no trial left for them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from tasks.runners.base import Tell
from tasks.runners.beside import beside
from tasks.runners.slurm_queue import NoAnswer, Waiting, jobs_named
from tasks.settings import SlurmConfig

EVERY = 5.0
"""Seconds from one look at the queue to the next; a busy controller answers no more often."""
LONG = 60.0
"""Seconds that a job may wait before the user is told."""
AGAIN = 600.0
"""Seconds after which the same is told once more."""
VAIN = 3
"""How often jobs are asked for again that ended before anything was done in them."""
TAIL = 5
"""Lines of a job's log in a message."""


class Keeper:
    """Asks for a job again when one has ended, as long as there are trials for it.

    dask-jobqueue submits and cancels jobs. It does not see that a job has ended in which no worker
    has begun, nor why one waits: that is asked of Slurm here.
    """

    def __init__(
        self, client: Any, slurm: SlurmConfig, progress: Callable[[], object], tell: Tell
    ) -> None:
        self.client, self.slurm, self.progress, self.tell = client, slurm, progress, tell
        self.cluster = client.cluster
        self.name: str = self.cluster.job_name
        self._asked = 0
        self._since: dict[str, tuple[float, object]] = {}
        """By worker: when its job was asked for, and how far trials were then."""
        self._vain = 0
        self._last = "nothing"
        """What a job that has ended, or `sbatch`, said last."""
        self._told: dict[str, float] = {}

    @contextmanager
    def at_work(self, trials: int) -> Iterator[None]:
        """In this block there are jobs; ``trials`` is how many trials will be handed out."""

        def keep(ended: Event) -> None:
            try:
                self._ask_for(trials)
                while not (self._in_vain or ended.wait(EVERY)):
                    self._look()
            except Exception as error:  # nobody would ask for jobs any more
                self._give_up(f"asking Slurm for jobs failed: {type(error).__name__}: {error}")

        with beside(keep):
            yield

    @property
    def _in_vain(self) -> bool:
        """Whether jobs got nowhere too often to ask for more."""
        return self._vain >= VAIN * self.slurm.jobs

    def _look(self) -> None:
        known = {name: job.job_id for name, job in dict(self.cluster.workers).items()}
        try:
            queue = jobs_named(self.name)
        except NoAnswer as error:
            self._tell_at_times(f"note: Slurm does not say how jobs stand: {error}")
            return
        for name, number in known.items():
            if number not in queue:
                self._forget(name, number)
        self._tell_who_waits(queue)
        if self._in_vain:
            self._give_up(
                f"the last {self._vain} jobs of Slurm ended before a trial finished an epoch; if "
                "an epoch takes longer than a job, raise compute.slurm.time. The last one said: "
                f"{self._last}"
            )
        else:
            self._ask_for(sum(s.status == "pending" for s in list(self.client.futures.values())))

    def _forget(self, name: str, number: str | None) -> None:
        """Count out a job that has ended."""
        self.cluster.sync(self._count_out, name)
        _, before = self._since.pop(name)
        self._vain = self._vain + 1 if self.progress() == before else 0
        if number:
            self.tell(f"note: Slurm's job {number} has ended; what it was in goes on in another")
            self._last = self._log(number)

    async def _count_out(self, name: str) -> None:
        self.cluster.workers.pop(name, None)
        self.cluster.worker_spec.pop(name, None)

    def _ask_for(self, trials: int) -> None:
        """Have as many jobs as so many trials have use for, and no more than the user allows."""
        wanted = min(self.slurm.jobs, math.ceil(trials / self.slurm.trials_per_job))
        if wanted <= len(self.cluster.workers):
            return
        try:
            self.cluster.sync(self._submit, wanted - len(self.cluster.workers), self.progress())
        except RuntimeError as error:  # of dask-jobqueue, with what sbatch said
            said = str(error).partition("stderr:\n")[2].strip() or str(error)
            self._last = said
            self._tell_at_times(f"note: Slurm takes no job now, and is asked again: {said}")

    async def _submit(self, number: int, progress: object) -> None:
        for _ in range(number):
            self._asked += 1
            name = f"{self.name}-{self._asked}"
            self._since[name] = time.monotonic(), progress
            self.cluster.worker_spec[name] = self.cluster.new_spec
        await self.cluster._correct_state()

    def _tell_who_waits(self, queue: dict[str, Waiting]) -> None:
        now = time.monotonic()
        numbers = {job.job_id: name for name, job in dict(self.cluster.workers).items()}
        for reason in {job.reason for job in queue.values() if job.state == "PENDING"}:
            long = [
                number
                for number, job in queue.items()
                if (job.state, job.reason) == ("PENDING", reason)
                and number in numbers
                and now - self._since[numbers[number]][0] > LONG
            ]
            if long:
                self._tell_at_times(
                    "note: jobs wait in Slurm's queue; `squeue --me --start` says for how long. "
                    f"Its reason: {reason}"
                )

    def _tell_at_times(self, line: str) -> None:
        now = time.monotonic()
        if now - self._told.get(line, -math.inf) > AGAIN:
            self._told[line] = now
            self.tell(line)

    def _give_up(self, why: str) -> None:
        """End all trials that are left."""
        from distributed import Future  # pyright: ignore[reportMissingImports]

        self.tell(why)
        left = [key for key, s in dict(self.client.futures).items() if s.status == "pending"]
        futures = [Future(key, client=self.client) for key in left]
        self.client.cancel(futures, force=True, reason="no job of Slurm got anywhere")

    def _log(self, number: str) -> str:
        log = Path(self.cluster._dummy_job.log_directory, f"{self.name}-{number}.err")
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return " / ".join(line.strip() for line in lines[-TAIL:]) or "nothing"
