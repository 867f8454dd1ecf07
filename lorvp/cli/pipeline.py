"""Commands of the pipeline, which is beside this package in a clone of the project.

They are programs of their own, `python -m MODULE`; this process becomes the one that was asked for,
so its terminal, Ctrl-C and exit status are that program's.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import typer

from lorvp.errors import InputError


class Command(NamedTuple):
    """A command of the pipeline: the ``module`` to run, and what it does in a line."""

    module: str
    about: str


COMMANDS = {
    "run": Command("flows.run", "Train what params.yaml asks for and is not there, then compare."),
    "plan": Command("flows.costs", "What a run would train and take, before anything is loaded."),
    "profile": Command("flows.profile", "How fast a trial trains on this machine, and why."),
    "track": Command("flows.track", "Send finished trials to W&B or TensorBoard after all."),
    "server": Command("flows.server", "A page of all runs, until Ctrl-C: Prefect's, for you."),
    "serve": Command("flows.serve", "A form on that page that starts runs."),
}
PANEL = "Experiments (in a clone of the project)"
SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
FILES = ("dvc.yaml", "flows/__init__.py")
"""What the folder of the pipeline holds, among others."""


def add_to(app: typer.Typer) -> None:
    """Give ``app`` each of these commands; all their arguments are the program's, `--help` too."""
    for name in COMMANDS:
        app.command(
            name, help=COMMANDS[name].about, rich_help_panel=PANEL, context_settings=SETTINGS
        )(_becoming(name))


def _becoming(name: str):
    def command(context: typer.Context) -> None:
        become(name, context.args)

    return command


def become(name: str, arguments: list[str]) -> None:
    """Run a command of the pipeline in place of this process.

    Raises:
        InputError: the pipeline, or what it needs, is not here.
    """
    module, about = COMMANDS[name]
    if missing := what_is_missing(name):
        if "--help" not in arguments:
            raise InputError(missing)
        print(f"Usage: lorvp {name} [OPTIONS] [ARGUMENTS]\n\n{about}\n\n{missing}")
        return
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    command = [sys.executable, "-m", module, *arguments]
    os.execve(sys.executable, command, os.environ | {"PATH": programs})


def what_is_missing(name: str) -> str:
    """Why a command of the pipeline cannot be run here, and what would help; else nothing."""
    here = Path.cwd()
    if not _is_project(here):
        above = next((f"; {folder} is one" for folder in here.parents if _is_project(folder)), "")
        return (
            f"`lorvp {name}` needs the pipeline: run it in a clone of the project, with "
            f"`uv run lorvp {name}`{above}"
        )
    if not all(map(find_spec, ("dvc", "prefect"))):
        return (
            f"`lorvp {name}` needs the packages of the pipeline: `uv run lorvp {name}` installs "
            "them, and so does `pip install '.[pipeline]'` here"
        )
    return ""


def _is_project(folder: Path) -> bool:
    return all((folder / file).is_file() for file in FILES)
