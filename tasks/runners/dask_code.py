"""Install this project's code on the machines of a Dask cluster, which may have another version of
it, or none. They cannot import this file, so it is sent itself and imports nothing of ours.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread, current_thread, main_thread
from typing import Any

import cloudpickle
from distributed import Client, WorkerPlugin  # pyright: ignore[reportMissingImports]

NAME = "lorvp"
MARK = "lorvp-code-"

cloudpickle.register_pickle_by_value(sys.modules[__name__])


@dataclass(frozen=True)
class Code:
    """Packed packages and modules, and variables that are set before they are imported."""

    packages: tuple[str, ...]
    packed: bytes
    variables: dict[str, str]

    @classmethod
    def of(cls, folders: tuple[Path, ...], variables: dict[str, str]) -> Code:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for folder in folders:
                for path in [folder, *folder.rglob("*")]:
                    if path.is_file() and "__pycache__" not in path.parts:
                        archive.write(path, path.relative_to(folder.parent))
        return cls(tuple(folder.stem for folder in folders), packed.getvalue(), variables)

    def install(self) -> None:
        """Unpack the packages, and forget those that an earlier run has left in this process."""
        for name in [name for name in sys.modules if name.split(".")[0] in self.packages]:
            del sys.modules[name]
        for earlier in [place for place in sys.path if MARK in place]:
            sys.path.remove(earlier)
            shutil.rmtree(earlier, ignore_errors=True)
        folder = tempfile.mkdtemp(prefix=MARK)
        zipfile.ZipFile(io.BytesIO(self.packed)).extractall(folder)
        sys.path.insert(0, folder)
        os.environ.update(self.variables)


REMOTE = "tasks.runners.remote"


class OnWorkers(WorkerPlugin):
    """Installs the code on each worker, also on those that join later, and ends the idle trial
    processes of a worker at the end of the run. A worker that is told to end says so to the trials
    in it."""

    def __init__(self, code: Code) -> None:
        self.code = code

    def setup(self, worker: Any) -> None:
        self.code.install()
        if current_thread() is main_thread() and not hasattr(worker, MARK):
            setattr(worker, MARK, _before_sigterm(_tell_trials))

    def teardown(self, worker: Any) -> None:
        if REMOTE in sys.modules:
            sys.modules[REMOTE].end_idle_workers()


def _tell_trials() -> None:
    if REMOTE in sys.modules:
        sys.modules[REMOTE].this_machine_ends()


def _before_sigterm(do: Callable[[], None]) -> bool:
    """Have ``do`` done, in a thread for which the process waits, when the process is told to end
    as Slurm tells it at the end of a job's time, besides what is done then now."""
    otherwise: Any = signal.getsignal(signal.SIGTERM)

    def told(number: int, frame: Any) -> None:
        Thread(target=do).start()
        if callable(otherwise):
            otherwise(number, frame)
        else:
            sys.exit(128 + number)

    signal.signal(signal.SIGTERM, told)
    return True


@contextmanager
def installed(client: Client, code: Code) -> Iterator[None]:
    """Install the code on all workers, and on the scheduler, which unpickles what it passes on.

    A scheduler of our own is in this process, which has the code.
    """
    if client.cluster is None:
        client.run_on_scheduler(code.install)
    client.register_plugin(OnWorkers(code), name=NAME)
    try:
        yield
    finally:
        client.unregister_worker_plugin(NAME)
