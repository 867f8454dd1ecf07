"""A copy of this project in a folder of its own, and a user's commands in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.support.surroundings import own_tools, without_foreign

SOURCE = Path(__file__).parents[2]
SMALL = Path(__file__).with_name("params.yaml")
PATIENCE = 600
"""Seconds that a command may take on a busy machine."""
SOON = 60
"""Seconds for a step that takes a few, or minutes if it waits for Prefect or a lock."""

DIVERGES = {"epochs": 1, "lr": 1e6, "optimizer": {"kind": "sgd", "weight_decay": 1e6}}
"""Training that fails: each step multiplies what is trained by about a million millions."""


@dataclass(frozen=True)
class Done:
    """A command that has ended; ``out`` is what the terminal showed."""

    code: int
    out: str

    @property
    def stages(self) -> list[str]:
        """The stages that DVC ran."""
        return re.findall(r"^Running stage '(.+)'", self.out, re.MULTILINE)

    @property
    def to_train(self) -> int:
        """The number of trials to train that the prompts stage names at its start."""
        found = re.search(r"trials in the grid: \d+ finished, (\d+) to train", self.out)
        assert found, self.out
        return int(found[1])


@dataclass(frozen=True)
class Project:
    """A clone in ``root``, with what the pipeline keeps elsewhere on a user's machine."""

    root: Path
    bytecode: Path | None = None
    """The folder for compiled modules; None for Python's usual ones."""

    @property
    def repo(self) -> Path:
        return self.root / "repo"

    @property
    def store(self) -> Path:
        return self.root / "store"

    @property
    def prompts(self) -> Path:
        return self.repo / "data/prompts"

    @property
    def tables(self) -> Path:
        return self.repo / "data/tables"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a user with nothing set up: no login, Prefect server or cache."""
        kept = {
            name: value
            for name, value in without_foreign(os.environ).items()
            if not name.startswith("PYTHON")
        }
        bytecode = {"PYTHONPYCACHEPREFIX": str(self.bytecode)} if self.bytecode else {}
        return (
            kept
            | bytecode
            | own_tools(str(self.root))
            | {
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "HOME": str(self.root / "home"),
                "LORVP_STORE": str(self.store),
                "PREFECT_HOME": str(self.root / "prefect"),
                "COLUMNS": "200",
            }
        )

    def python(self, *arguments: str, **variables: str) -> Done:
        """Run ``python ARGUMENTS`` in the clone to its end."""
        with self.started(*arguments, **variables) as process:
            return end_of(process)

    def dvc(self, *arguments: str, **variables: str) -> Done:
        """Run ``dvc ARGUMENTS`` in the clone to its end."""
        return self.python("-m", "dvc", *arguments, **variables)

    def shell(self, line: str, **variables: str) -> Done:
        """Run a line of shell in the clone to its end."""
        with self._process(["bash", "-c", line], variables) as process:
            return end_of(process)

    @contextmanager
    def started(self, *arguments: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
        """A running ``python ARGUMENTS`` that leads a process group, as in a terminal."""
        with self._process([sys.executable, *arguments], variables) as process:
            yield process

    @contextmanager
    def _process(
        self, command: list[str], variables: dict[str, str]
    ) -> Iterator[subprocess.Popen[str]]:
        process = subprocess.Popen(
            command,
            cwd=self.repo,
            env=self.environment | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        with process:
            try:
                yield process
            finally:
                kill_group(process)

    def git(self, *arguments: str) -> str:
        """Run ``git ARGUMENTS`` in the clone; its output."""
        command = ["git", *arguments]
        return subprocess.check_output(command, cwd=self.repo, env=self.environment, text=True)

    def edit(self, change: Callable[[Any], None]) -> None:
        """Change params.yaml and keep its comments and order."""
        yaml, path = YAML(), self.repo / "params.yaml"
        params = yaml.load(path)
        change(params)
        yaml.dump(params, path)

    def copy(self, root: Path) -> Project:
        """A copy of the project in ``root``; hard links between store and clone stay links."""
        subprocess.run(["cp", "-a", f"{self.root}/.", str(root)], check=True)
        return Project(root, self.bytecode)

    def trials(self, folder: Path | None = None) -> dict[str, dict]:
        """Each trial.json below ``folder`` (data/prompts) by its fingerprint."""
        found = (folder or self.prompts).glob("*/trial.json")
        return {path.parent.name: json.loads(path.read_text()) for path in found}


def clone(root: Path, bytecode: Path | None) -> Project:
    """A new repository with the files that git tracks or would add, and the small experiment."""
    project = Project(root, bytecode)
    (root / "home").mkdir()
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=SOURCE, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (SOURCE / name).is_file():
            (project.repo / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(SOURCE / name, project.repo / name)
    shutil.copy2(SMALL, project.repo / "params.yaml")
    project.git("init", "--quiet")
    project.git("config", "user.name", "A")
    project.git("config", "user.email", "a@example.org")
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message", "As it is")
    return project


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end_of(process: subprocess.Popen[str], seconds: float = PATIENCE) -> Done:
    """Wait for the command to end by itself."""
    out, _ = process.communicate(timeout=seconds)
    return Done(process.returncode, out)


def kill_group(process: subprocess.Popen[str]) -> None:
    """Kill the command, if it still runs, and all processes of its group."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def wait_until(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """What ``condition`` returns as soon as it is true; fails after ``seconds``."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"still not so after {seconds} s"
        time.sleep(0.02)
    return found
