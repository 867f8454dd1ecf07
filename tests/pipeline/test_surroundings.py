"""Runs beside strangers' servers, behind dead proxies, and by accounts without a name."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.first_run import PROXIES
from tests.pipeline.project import Project

NOBODY = 12345
"""A user without an entry in /etc/passwd, as of `docker run --user`."""
HOSTILE = Path(__file__).with_name("hostile.py")


@pytest.fixture(scope="module")
def as_nobody() -> list[str]:
    """Words that run a command as a user who may read what root may, but not write it."""
    user = ["setpriv", f"--reuid={NOBODY}", "--clear-groups"]
    reads = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    for prefix in ([*user, *reads], user):
        probe = [*prefix, sys.executable, "-c", "import numpy"]
        if os.getuid() == 0 and shutil.which("setpriv") and works(probe):
            return [*prefix, "env", "-u", "USER", "-u", "LOGNAME"]
    pytest.skip("only root, with setpriv, may be another user")


@pytest.fixture(scope="module")
def hostile(as_nobody: list[str], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Words that run a command as that user where a stranger's server answers."""
    asked = tmp_path_factory.mktemp("hostile") / "asked"
    command = [sys.executable, str(HOSTILE), str(asked)]
    if not works([*command, "true"]):
        pytest.skip("the system gives us no network of our own")
    return [*command, *as_nobody]


def works(command: list[str]) -> bool:
    given = {**os.environ, "USERS_PREFECT_HOME": ""}
    return subprocess.run(command, capture_output=True, check=False, env=given).returncode == 0


def two_tracked(params: Any) -> None:
    block = params["grid"]["pixel"]
    block.update(method={"lor_vp": {"rank": 1}}, mapping=["ilm", "lp"], seed=5)
    params["tracking"].update(wandb="online")


def given_to(user: int, project: Project) -> None:
    for folder in (project.root, *project.root.rglob("*")):
        os.chown(folder, user, user, follow_symlinks=False)


def completed(project: Project) -> int:
    """The number of task runs that Prefect has recorded as completed."""
    with closing(sqlite3.connect(project.root / "prefect/prefect.db")) as database:
        counted = "SELECT count(*) FROM task_run WHERE state_type = 'COMPLETED'"
        return database.execute(counted).fetchone()[0]


@pytest.mark.slow
def test_a_run_between_strangers_and_dead_proxies(project: Project, hostile: list[str]):
    """The user has no name and no home; W&B is online and out of reach."""
    project.edit(two_tracked)
    given_to(NOBODY, project)
    before = completed(project)
    out = project.shell(
        " ".join([*hostile, "python -m flows.prompts"]),
        **PROXIES,
        HOME="/",
        PREFECT_HOME=str(project.root / "strangers"),
        USERS_PREFECT_HOME=str(project.root / "prefect"),
        WANDB_BASE_URL="http://127.0.0.1:9",
    )
    assert (out.code, out.to_train) == (0, 2), out.out
    assert "Traceback" not in out.out
    assert completed(project) - before == 3, "two trials and their results"
    said = "note: the Prefect server at http://127.0.0.1:4200 is not known to be yours"
    assert out.out.count(said) == 1
    assert "set PREFECT_API_URL=http://127.0.0.1:4200/api" in out.out
    assert "Prefect UI: http://127.0.0.1:4200" not in out.out
    [asked] = [Path(word) for word in hostile if word.endswith("/asked")]
    assert set(asked.read_text().splitlines()) == {"GET /api/health", "GET /api/admin/version"}
    kept_offline(project, out.out)


def kept_offline(project: Project, said: str) -> None:
    """Check that runs of W&B are kept offline, and that the run says so once."""
    assert said.count("W&B") == 1
    assert "W&B: http://127.0.0.1:9 does not answer; runs are kept offline in data/wandb; " in said
    kept = {path.name[-20:] for path in (project.repo / "data/wandb/wandb").glob("offline-run-*")}
    assert set(project.trials()) <= kept


def test_an_account_without_places_is_told_which_before_work_starts(
    project: Project, as_nobody: list[str]
):
    given_to(NOBODY, project)
    shutil.rmtree(project.repo / "data/datasets/letters")
    elsewhere = ["env", "-u", "LORVP_STORE", "-u", "PREFECT_HOME", "-u", "HOME"]
    for flow in ("datasets letters", "prompts"):
        line = " ".join([*as_nobody, *elsewhere, f"python -m flows.{flow}"])
        done = project.shell(line)
        assert done.code == 2, done.out
        lines = [line.split()[0] for line in done.out.splitlines() if line.startswith("  ")]
        assert lines == ["LORVP_STORE", "PREFECT_HOME", "HOME", "USER"]
        assert "Traceback" not in done.out
    assert not (project.repo / "data/datasets/letters").exists()
