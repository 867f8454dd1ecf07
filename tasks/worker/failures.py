"""How a trial can end without a result, and whether it is worth another try."""

from __future__ import annotations

import re
import signal
from contextlib import suppress
from pathlib import Path

from lorvp.errors import InputError
from lorvp.training import memory
from lorvp.training.totals import DivergedError
from tasks.errors import takes_no_files

VMSTAT = Path("/proc/vmstat")


class WorkerDied(RuntimeError):  # noqa: N818 - it reads as what happened
    """A worker process ended in the middle of a trial; only that trial is interrupted."""

    def __init__(self, message: str, memory: bool = False) -> None:
        super().__init__(message)
        self.memory = memory
        """Whether memory ran out."""

    @classmethod
    def of(cls, exit_code: int | None, memory: bool | None = None) -> WorkerDied:
        """The error for a process with this exit code, or None if it ended before it had a trial.

        ``memory`` says whether the system killed processes for want of memory, if that is known.
        """
        if exit_code is None:
            return cls("the worker process ended before it began")
        if exit_code != -signal.SIGKILL:
            return cls(f"the worker process ended with exit status {exit_code}")
        cause = {None: ", most often because memory ran out", True: " when memory ran out"}
        return cls(f"the worker was killed (signal 9){cause.get(memory, '')}", memory is not False)


class Stopped(RuntimeError):  # noqa: N818
    """The user stopped the run; nothing is wrong with the trial."""


class OutOfTime(RuntimeError):  # noqa: N818
    """A try of a trial took longer than ``compute.time_limit``."""

    @classmethod
    def after(cls, minutes: float) -> OutOfTime:
        said = f"stopped after {minutes:g} minutes (compute.time_limit); its whole epochs are kept"
        return cls(said)


class Busy(RuntimeError):  # noqa: N818
    """Another process is training this trial, and the group that it is in does not wait for it."""


def memory_kills() -> int | None:
    """How many processes the system has killed for want of memory; None where it does not tell.

    Anybody may kill a worker. Only if memory ran out may the next try halve its batches, since
    that changes the last bits of the result.
    """
    with suppress(OSError):
        return sum(map(int, re.findall(r"^oom_kill (\d+)", VMSTAT.read_text(), re.MULTILINE)))
    return None


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, as far as the error tells."""
    if isinstance(error, WorkerDied):
        return error.memory
    return memory.ran_out_of_memory(error)


def worth_another_try(error: BaseException) -> bool:
    """Whether a trial that ended so is tried again: not if it would end so again, or if the user
    stopped it."""
    return not (isinstance(error, DivergedError | InputError | Stopped) or takes_no_files(error))
