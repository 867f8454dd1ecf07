"""`lorvp run` and its like: programs of the pipeline, where it is; else what they would need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from lorvp.cli import commands
from lorvp.cli.pipeline import COMMANDS
from lorvp.errors import InputError

EVERY = list(typer.main.get_command(commands.app).commands)  # pyright: ignore[reportAttributeAccessIssue]
PRINTS = "import os, sys\nprint(os.getcwd(), sys.argv[1:])\nsys.exit(7)\n"


def lorvp(*arguments: str):
    return CliRunner().invoke(commands.app, arguments)


def make_project(folder: Path) -> Path:
    """A folder whose every program of the pipeline prints its arguments and ends with status 7."""
    (folder / "flows").mkdir(parents=True)
    (folder / "flows/__init__.py").touch()
    (folder / "dvc.yaml").touch()
    for command in COMMANDS.values():
        (folder / command.module.replace(".", "/")).with_suffix(".py").write_text(PRINTS)
    return folder


def test_there_is_one_way_in():
    wanted = {"run", "plan", "profile", "serve", "compare", "predict", "show", "export", "push"}
    assert wanted <= set(EVERY)
    shown = lorvp("--help")
    assert shown.exit_code == 0
    assert all(f" {name} " in shown.stdout for name in EVERY)
    assert "--install-completion" in shown.stdout


@pytest.mark.parametrize("name", EVERY)
def test_every_command_has_help_without_the_pipeline(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    shown = lorvp(name, "--help")
    assert shown.exit_code == 0
    assert f"lorvp {name}" in shown.stdout or f"Usage: root {name}" in shown.stdout
    assert ("needs the pipeline" in shown.stdout) == (name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_outside_of_a_project_it_says_where_to_run_it(name, monkeypatch, tmp_path):
    inside = make_project(tmp_path / "project") / "data"
    inside.mkdir()
    need = f"`lorvp {name}` needs the pipeline: run it in a clone of the project, with `uv run"
    for folder, more in ((tmp_path, ""), (inside, f"; {tmp_path / 'project'} is one")):
        monkeypatch.chdir(folder)
        error = lorvp(name).exception
        assert isinstance(error, InputError)
        assert str(error) == f"{need} lorvp {name}`{more}"


@pytest.mark.parametrize("package", ["dvc", "prefect"])
def test_without_its_packages_it_says_what_installs_them(package, monkeypatch, tmp_path):
    monkeypatch.chdir(make_project(tmp_path / "project"))
    monkeypatch.setitem(sys.modules, package, None)
    error = lorvp("plan", "mine.yaml").exception
    assert isinstance(error, InputError)
    assert "needs the packages of the pipeline: `uv run lorvp plan` installs them" in str(error)


@pytest.mark.parametrize("arguments", [[], ["mine.yaml", "--memory", "24"], ["--help"]])
def test_it_is_the_program_with_its_arguments_and_its_end(arguments, tmp_path):
    pytest.importorskip("prefect")
    pytest.importorskip("dvc")
    folder = make_project(tmp_path / "project")
    command = [sys.executable, "-m", "lorvp.cli.main", "plan", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (7, "")
    assert done.stdout == f"{folder} {arguments}\n"
