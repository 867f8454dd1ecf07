"""What trials run on: ``compute.runner`` of params.yaml."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pkgutil import resolve_name
from typing import Any, Protocol

from tasks.jobs import Job
from tasks.machine.devices import slots
from tasks.runners.pool import Team, started_early, workers
from tasks.settings import RUNNERS, ComputeConfig


class Runner(Protocol):
    """One way to run trials. Nothing is imported or started before it is needed."""

    def __init__(self, compute: ComputeConfig) -> None: ...

    def check(self) -> None:
        """Raises:
        InputError: it cannot work like this; called before anything else is done.
        """
        ...

    def ahead(self, trials: int) -> AbstractContextManager[object]:
        """What takes time to start and needs no Prefect starts now, and is there in this block."""
        ...

    def task_runner(self) -> Any:
        """Prefect's."""
        ...

    def asking(self) -> AbstractContextManager[object]:
        """Trials that are submitted in this block ask for the cores and GPUs they need."""
        ...

    def team(self, jobs: list[Job], tell: Callable[[str], object]) -> AbstractContextManager[Team]:
        """Inside the flow: what trains these trials for the time of the block."""
        ...


class OnThisMachine:
    """Worker processes of our own."""

    def __init__(self, compute: ComputeConfig) -> None:
        self.compute = compute

    def check(self) -> None: ...

    def ahead(self, trials: int) -> AbstractContextManager[object]:
        return started_early(self.compute, trials)

    def task_runner(self) -> Any:
        """Two threads for each worker: what Prefect has to write down before a trial is done
        while the one before it trains."""
        from prefect.task_runners import ThreadPoolTaskRunner

        return ThreadPoolTaskRunner(max_workers=2 * slots(self.compute))

    def asking(self) -> AbstractContextManager[object]:
        return nullcontext()

    def team(self, jobs: list[Job], tell: Callable[[str], object]) -> AbstractContextManager[Team]:
        return workers(self.compute, tell)


def runner(compute: ComputeConfig) -> Runner:
    """The runner that ``compute.runner`` names."""
    return resolve_name(RUNNERS[compute.runner])(compute)
