"""One finished run, made once; each test that changes something gets a copy of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .processes import alive, server_addresses
from .project import Done, Project, clone, end_of, wait_until

API_KEY = "0123456789abcdef0123456789abcdef01234567"
"""Of W&B; set in the environment of the first run, where nobody asked for it."""


@dataclass(frozen=True)
class FirstRun:
    """The first `dvc repro` in a fresh clone, with W&B offline; nobody changes its folders."""

    project: Project
    done: Done
    addresses: set[str]
    """Where its Prefect server listened."""


@pytest.fixture(scope="session")
def bytecode(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """Kept from session to session: compiling torch, timm and Prefect takes half a minute."""
    return request.config.cache.mkdir("pipeline-bytecode")


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory, bytecode: Path) -> Iterator[FirstRun]:
    project = clone(tmp_path_factory.mktemp("first"), bytecode)
    project.edit(lambda params: params["tracking"].update(wandb="offline"))
    with project.started("-m", "dvc", "repro", WANDB_API_KEY=API_KEY) as process:
        ended = lambda: process.poll() is not None  # noqa: E731
        wait_until(lambda: server_addresses(project) or ended())
        addresses = server_addresses(project)
        done = end_of(process)
    assert done.code == 0, done.out
    yield FirstRun(project, done, addresses)
    kill_all(project)
    forget_bytecode(project)


@pytest.fixture
def project(first: FirstRun, tmp_path: Path) -> Iterator[Project]:
    """A copy of the first run's project, W&B off again; what a test leaves running is ended."""
    copy = first.project.copy(tmp_path / "project")
    copy.edit(lambda params: params["tracking"].update(wandb="disabled"))
    yield copy
    kill_all(copy)
    forget_bytecode(copy)


def kill_all(project: Project) -> None:
    for process in alive(project):
        process.kill()


def forget_bytecode(project: Project) -> None:
    """Only that of the copy, which nobody reads again."""
    shutil.rmtree(project.bytecode / project.root.relative_to("/"), ignore_errors=True)
