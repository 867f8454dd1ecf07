"""The processes of one project, wherever they are in the tree of processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.pipeline.project import SOON, Project, wait_until


def alive(project: Project) -> list[psutil.Process]:
    """Every process that was started for this project; they all inherit PREFECT_HOME."""
    return list(_alive(str(project.root / "prefect")))


def _alive(home: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            if process.environ().get("PREFECT_HOME") == home:
                yield process
        except psutil.Error:
            continue  # ended meanwhile, or somebody else's


def nothing_is_left(project: Project) -> None:
    """Fails unless all of the project's processes end by themselves soon."""
    try:
        wait_until(lambda: not alive(project), SOON)
    except AssertionError:
        left = [f"{p.pid}: {' '.join(p.cmdline())[:120]}" for p in alive(project)]
        raise AssertionError(f"after {SOON} s still running:\n" + "\n".join(left)) from None


def server_addresses(project: Project) -> set[str]:
    """Where the project's Prefect server listens."""
    found = set()
    for process in alive(project):
        try:
            if "tasks.prefect_server.temporary" in process.cmdline():
                sockets = process.net_connections("tcp")
                found |= {s.laddr.ip for s in sockets if s.status == psutil.CONN_LISTEN}
        except psutil.Error:
            continue
    return found


def trial_in_training(project: Project) -> tuple[str, psutil.Process] | None:
    """The fingerprint of a trial and the worker that trains it, known by the lock it holds."""
    for process in alive(project):
        try:
            files = [Path(file.path) for file in process.open_files()]
        except psutil.Error:
            continue
        for path in files:
            if path.parent.name == ".locks":
                return path.name, process
    return None


def held_in_training(project: Project) -> tuple[str, psutil.Process] | None:
    """A trial and its worker, which is now halted before the trial's end, however long this
    process waits for its turn."""
    if not (found := trial_in_training(project)):
        return None
    trial, worker = found
    worker.suspend()
    if not (project.store / trial).exists():
        return found
    worker.resume()
    return None
