"""What every runner does; ``compute.runner`` of params.yaml names one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from tasks.jobs import Job
from tasks.settings import OTHER_RUNNERS, RUNNERS, ComputeConfig, TrackingConfig

Tell = Callable[[str], object]
"""Shows a line in the user's terminal."""


class Team(Protocol):
    """What trains trials, here or on other machines."""

    @property
    def compute(self) -> ComputeConfig: ...

    def train(self, job: Job, tracking: TrackingConfig, log: Callable[[str], None]) -> dict:
        """Train one trial and wait for its record; ``log`` is given its log line by line."""
        ...

    def expect(self, jobs: Sequence[Job]) -> None:
        """Take trials that have become known, on data and networks of the first ones."""
        ...

    def tell(self, line: str, /) -> object:
        """Show a line in the user's terminal while trials are trained."""
        ...

    def warn(self, line: str, /) -> object:
        """Show a trial's warning there, which other trials may give as well."""
        ...

    def handed_out(self, jobs: Sequence[Job]) -> list[tuple[Job, ...]]:
        """The trials in the portions in which they are handed to the task runner: one by one where
        the team itself puts those together that are trained side by side."""
        ...

    def side_by_side(self, jobs: Sequence[Job]) -> AbstractContextManager[object]:
        """In this block the trials of such a portion are trained, each in a thread."""
        ...

    def collect(self, job: Job) -> None:
        """Take a trial that was trained into the user's own store."""
        ...


class Runner(Protocol):
    """One way to run trials. Nothing is imported or started before it is needed."""

    def __init__(self, compute: ComputeConfig) -> None: ...

    def check(self) -> None:
        """Refuse settings under which no trial can run, before anything else is done.

        Raises:
            InputError: with what would be right.
        """
        ...

    def prestarted(self, trials: int) -> AbstractContextManager[object]:
        """Start in this block, while Prefect starts, what needs time and no Prefect."""
        ...

    def task_runner(self, jobs: Sequence[Job]) -> Any:
        """Prefect's task runner for these trials."""
        ...

    def requesting_resources(self) -> AbstractContextManager[object]:
        """Trials that are submitted in this block request the cores and GPUs that they need."""
        ...

    def team(self, jobs: list[Job], tell: Callable[[str], object]) -> AbstractContextManager[Team]:
        """Inside the flow: the team that trains ``jobs``, for the time of the block."""
        ...


def runner(compute: ComputeConfig) -> Runner:
    """The runner that ``compute.runner`` names."""
    return OTHER_RUNNERS.resolved(RUNNERS, compute.runner)(compute)
