"""Fixtures: one finished run, made once, and a copy of it for each test that changes something."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.pipeline.first_run import (
    FirstRun,
    first_run,
    forget_bytecode,
    kill_all,
    made_light,
)
from tests.pipeline.project import Done, Project
from tests.support.browser import chromium


@pytest.hookimpl(tryfirst=True)  # before xdist asks for groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run them in one process, since their workers fill the machine; other processes may take those
    marked as patient, in which nothing has to happen in time."""
    for item in items:
        patient = item.get_closest_marker("patient")
        if Path(__file__).parent in item.path.parents and not patient:
            item.add_marker(pytest.mark.xdist_group("pipeline"))


@pytest.fixture(scope="session")
def bytecode(request: pytest.FixtureRequest) -> Path | None:
    """A folder for compiled modules where Python writes none: compiling torch and timm takes a
    minute."""
    if not sys.dont_write_bytecode:
        return None
    assert request.config.cache
    return request.config.cache.mkdir("pipeline-bytecode")


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory, bytecode: Path | None) -> Iterator[FirstRun]:
    """The first run, made by the process that needs it first; the others wait for it."""
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


@pytest.fixture
def project(first: FirstRun, tmp_path: Path) -> Iterator[Project]:
    """A copy of the first run's project, made light; what a test leaves running is killed."""
    copy = first.project.copy(tmp_path / "project")
    copy.edit(made_light)
    yield copy
    kill_all(copy)
    forget_bytecode(copy)


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found
