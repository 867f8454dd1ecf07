"""One finished run, made once; each test that changes something gets a copy of its own."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.pipeline.processes import alive, server_addresses
from tests.pipeline.project import Done, Project, clone, end_of, wait_until

API_KEY = "0123456789abcdef0123456789abcdef01234567"
"""Of W&B; set in the environment of the first run, where nobody asked for it."""
PROXIES = {
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "all_proxy": "socks5://127.0.0.1:9",
}
"""Where nobody answers; set in the first run, which needs nobody beyond this machine."""


@pytest.hookimpl(tryfirst=True)  # before xdist asks for groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them in one process, since what they start fills the machine; the others take those
    in which nothing has to happen in time."""
    for item in items:
        patient = item.get_closest_marker("patient")
        if Path(__file__).parent in item.path.parents and not patient:
            item.add_marker(pytest.mark.xdist_group("pipeline"))


@dataclass(frozen=True)
class FirstRun:
    """The first `dvc repro` in a fresh clone, with W&B offline; nobody changes its folders."""

    project: Project
    done: Done
    addresses: set[str]
    """Where its Prefect server listened."""


@pytest.fixture(scope="session")
def bytecode(request: pytest.FixtureRequest) -> Path | None:
    """A place of our own where Python is told to keep none: torch and timm take a minute."""
    if not sys.dont_write_bytecode:
        return None
    assert request.config.cache
    return request.config.cache.mkdir("pipeline-bytecode")


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory, bytecode: Path | None) -> Iterator[FirstRun]:
    """Made by the process that needs it first; the others wait for it."""
    beside_others = "PYTEST_XDIST_WORKER" in os.environ
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if beside_others else base) / "first"
    told = root.with_suffix(".json")
    with FileLock(root.with_suffix(".lock")):
        if not told.exists():
            told.write_text(json.dumps(first_run(root, bytecode)))
    done, addresses = json.loads(told.read_text())
    run = FirstRun(Project(root, bytecode), Done(**done), set(addresses))
    yield run
    kill_all(run.project)
    forget_bytecode(run.project)


def first_run(root: Path, bytecode: Path | None) -> tuple[dict, list[str]]:
    """What it said, and where its server listened."""
    root.mkdir()
    project = clone(root, bytecode)
    project.edit(lambda params: params["tracking"].update(wandb="offline"))
    with project.started("-m", "dvc", "repro", WANDB_API_KEY=API_KEY, **PROXIES) as process:
        ended = lambda: process.poll() is not None  # noqa: E731
        wait_until(lambda: server_addresses(project) or ended())
        addresses = server_addresses(project)
        done = end_of(process)
    assert done.code == 0, done.out
    return asdict(done), sorted(addresses)


@pytest.fixture
def project(first: FirstRun, tmp_path: Path) -> Iterator[Project]:
    """A copy of the first run's project; what a test leaves running is ended.

    With W&B off again, and one worker, since starting a second takes longer than it saves.
    """
    copy = first.project.copy(tmp_path / "project")
    copy.edit(made_light)
    yield copy
    kill_all(copy)
    forget_bytecode(copy)


def made_light(params: Any) -> None:
    params["tracking"].update(wandb="disabled")
    params["compute"].update(workers=1)


def kill_all(project: Project) -> None:
    for process in alive(project):
        process.kill()


def forget_bytecode(project: Project) -> None:
    """Only that of the copy, which nobody reads again."""
    if project.bytecode:
        shutil.rmtree(project.bytecode / project.root.relative_to("/"), ignore_errors=True)
