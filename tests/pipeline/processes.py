"""The running processes of one project, whoever started them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.pipeline.project import SOON, Project, wait_until


def alive(project: Project) -> list[psutil.Process]:
    """All running processes of a project, known by the PREFECT_HOME that they inherit."""
    return list(_alive(str(project.root / "prefect")))


def _alive(home: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            if process.environ().get("PREFECT_HOME") == home:
                yield process
        except psutil.Error:
            continue  # ended meanwhile, or somebody else's


def nothing_is_left(project: Project) -> None:
    """Fail unless all processes of the project end by themselves soon."""
    try:
        wait_until(lambda: not alive(project), SOON)
    except AssertionError:
        left = [f"{p.pid}: {' '.join(p.cmdline())[:120]}" for p in alive(project)]
        raise AssertionError(f"after {SOON} s still running:\n" + "\n".join(left)) from None


def server_addresses(project: Project) -> set[str]:
    """The addresses on which the project's Prefect server listens."""
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
    """The fingerprint of a trial in training and its worker, known by the lock that it holds."""
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
    """The fingerprint of a trial in training and its worker, suspended before the trial ends."""
    if not (found := trial_in_training(project)):
        return None
    trial, worker = found
    worker.suspend()
    if not (project.store / trial).exists():
        return found
    worker.resume()
    return None
