"""How a trial can end without a result, and whether it is worth another try."""

from __future__ import annotations

import signal

import torch

from lorvp.epochs import DivergedError
from lorvp.errors import InputError
from tasks.errors import takes_no_files


class WorkerDied(RuntimeError):  # noqa: N818 - it reads as what happened
    """A worker process ended in the middle of a trial; only that trial is interrupted."""

    def __init__(self, message: str, killed: bool = False) -> None:
        super().__init__(message)
        self.killed = killed
        """By signal 9, as the system does when memory runs out."""

    @classmethod
    def of(cls, exit_code: int | None) -> WorkerDied:
        """None where it had no trial yet, and nobody saw how it ended."""
        if exit_code is None:
            return cls("the worker process ended before it began")
        if exit_code == -signal.SIGKILL:
            cause = "the worker was killed (signal 9), most often because memory ran out"
            return cls(cause, killed=True)
        return cls(f"the worker process ended with exit status {exit_code}")


class Stopped(WorkerDied):
    """By the user."""


class OutOfTime(RuntimeError):  # noqa: N818
    """A try took longer than it may."""

    def __init__(self, minutes: float) -> None:
        said = f"stopped after {minutes:g} minutes (compute.time_limit); its whole epochs are kept"
        super().__init__(said)


def ran_out_of_memory(error: BaseException) -> bool:
    """As far as one can tell."""
    if isinstance(error, WorkerDied):
        return error.killed
    known = isinstance(error, torch.OutOfMemoryError | MemoryError)
    return known or "can't allocate memory" in str(error)  # torch's words for a CPU's


def worth_another_try(error: BaseException) -> bool:
    """Not where it would end in the same way, or where the user wants no more."""
    return not (isinstance(error, DivergedError | InputError | Stopped) or takes_no_files(error))
