"""Kill processes of a running grid a hundred times at random, and check its trials meanwhile."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil

from tests.pipeline.api import server
from tests.pipeline.processes import alive
from tests.pipeline.project import Project, wait_until

PATIENCE = 240
"""Seconds after which a run that shows nothing new has failed."""
EPOCH = re.compile(r" epoch +(\d+): loss ")
ODDS = {"worker": 80, "flow": 8, "dvc": 6, "server": 6}
"""Kills of each kind among a hundred; one of the last three costs half a minute."""


class Campaign:
    """One project with a user's Prefect server, and the runs that are started in it."""

    def __init__(self, project: Project, seed: int) -> None:
        self.project, self.random = project, random.Random(seed)
        self.kills: Counter[str] = Counter()
        self.trained: dict[str, tuple[int, int]] = {}
        """Inode and time of change of each trial.json when it was first seen."""
        self.epochs_seen = 0
        self._server, self._run, self._orphans = ExitStack(), ExitStack(), ExitStack()
        self.url = ""
        self.runs = 0
        self.dvc: subprocess.Popen[str] | None = None
        self.last = ""
        """The output of the last run."""

    def __enter__(self) -> Campaign:
        self._start_server()
        return self

    def __exit__(self, *error: object) -> None:
        for stack in (self._run, self._orphans, self._server):
            stack.close()

    def kill_one(self) -> None:
        """Kill a process soon after the last kill, or once the run is an epoch further."""
        [victim] = self.random.choices(list(ODDS), list(ODDS.values()))
        if self.random.random() < 0.5:
            self.wait_for(lambda: self._epochs() > self.epochs_seen)
        time.sleep(self.random.uniform(0, 2))  # so that it can hit any moment
        {"worker": self._kill_worker, "flow": self._kill_flow, "dvc": self._kill_dvc,
         "server": self._kill_server}[victim]()  # fmt: skip
        self.kills[victim] += 1
        print(
            f"{self.kills.total():>3} {victim:<7} {len(self.trained)} trials finished", flush=True
        )
        self.look()
        self.epochs_seen = self._epochs()

    def finish(self) -> None:
        """Run to the end without more kills, after any orphan of a killed run."""
        while (done := self._finished_run()) != 0:
            assert done is not None, "the last run does not end"
        wait_until(lambda: not self._named("flows.prompts"), PATIENCE)
        self.look()

    def _finished_run(self) -> int | None:
        self.wait_for(lambda: True)
        assert self.dvc is not None
        out, _ = self.dvc.communicate(timeout=4 * PATIENCE)
        self.last = out
        return self.dvc.returncode

    def look(self) -> None:
        """Check that each finished trial is the one first seen under its name."""
        for path in self.project.store.glob("*/trial.json"):
            stat = path.stat()
            found = stat.st_ino, stat.st_mtime_ns
            assert self.trained.setdefault(path.parent.name, found) == found, f"{path}: again"

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Wait until the condition is true, and start a run whenever there is none."""

        def true() -> object:
            if self.dvc is None or self.dvc.poll() is not None:
                self._start_run()
            return condition()

        wait_until(true, PATIENCE)

    def _start_run(self) -> None:
        self._run.close()
        assert self.runs < 100, "runs that end without having been killed"
        run = self.project.started("-m", "dvc", "repro", PREFECT_API_URL=self.url)
        self.dvc = self._run.enter_context(run)
        self.runs += 1

    def _start_server(self) -> None:
        self.url = self._server.enter_context(server(self.project))

    def _kill_worker(self) -> None:
        """Kill a worker in a trial, at its start or between two trials."""
        self._kill(self.random.choice(self._there("spawn_main")))

    def _kill_flow(self) -> None:
        for flow in self._there("flows.prompts"):
            self._kill(flow)
        self._end_of_run()

    def _kill_dvc(self) -> None:
        """Kill DVC alone; its flow goes on as an orphan, of which there is at most one."""
        if len(self._named("flows.prompts")) > 1:
            self._kill_flow()
        else:
            self.wait_for(lambda: True)
            assert self.dvc is not None
            self.dvc.kill()
            self.dvc.wait()
            self._orphans.push(self._run.pop_all())  # to be closed, which ends it, at the end
            self.dvc = None

    def _kill_server(self) -> None:
        for process in self._named("tasks.prefect_server.temporary"):
            self._kill(process)
        self._server.close()
        self._end_of_run()
        self._start_server()

    def _end_of_run(self) -> None:
        """Wait for the run to end by itself, since a process that it needs was killed."""
        if self.dvc is not None:
            wait_until(lambda: self.dvc.poll() is not None, PATIENCE)

    def _there(self, word: str) -> list[psutil.Process]:
        found: list[psutil.Process] = []
        self.wait_for(lambda: found.extend(self._named(word)) or found)
        return found

    def _named(self, word: str) -> list[psutil.Process]:
        found = []
        for process in alive(self.project):
            with suppress(psutil.Error):
                if any(word in part for part in process.cmdline()):
                    found.append(process)
        return found

    def _kill(self, process: psutil.Process) -> None:
        with suppress(psutil.NoSuchProcess):
            os.kill(process.pid, signal.SIGKILL)

    def _epochs(self) -> int:
        return sum(map(len, epochs_of_each(self.project).values()))


def epochs_of_each(project: Project) -> dict[str, list[int]]:
    """The epochs in each trial's log, in order; a resumed trial may repeat some."""
    logs = sorted((project.repo / "data/.work/logs").glob("*.log"))
    return {path.stem: [int(n) for n in EPOCH.findall(_text(path))] for path in logs}


def _text(path: Path) -> str:
    return path.read_text(errors="replace")
