"""`python -m tests.benchmarks.overhead [TRIALS]`: what a trial costs besides its training.

A grid of trivial trials (one epoch of a linear probe on outputs that all share) in a project of
its own, with our Prefect server and with a user's; then runs with nothing left to do.
`python -m tests.benchmarks.overhead [TRIALS] lanes` takes turns with trivial prompts one by one and
eight of them side by side.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl
import psutil

from lorvp.results import tables
from tests.pipeline.api import server
from tests.pipeline.processes import alive
from tests.pipeline.project import Done, Project, clone, end_of

HOURS = 2
SETTINGS = {"epochs": 1, "optimizer": "adam", "lr": 0.01}


def grid(trials: int) -> Callable[[Any], None]:
    """A change of params.yaml: a linear probe on small images with that many seeds."""

    def change(params: Any) -> None:
        params["datasets"]["digits"] = {"kind": "digits", "test": 200, "val": 100}
        block = {"dataset": "digits", "network": "letters_resnet", "method": "none"}
        seeds = list(range(trials))
        params["compute"].update(workers=1)
        params["grid"] = {"all": block | {"mapping": "lp", "training": SETTINGS, "seed": seeds}}

    return change


def prompts(params: Any) -> None:
    """A change of params.yaml: prompts of rank 1 on few images, which can be trained together."""
    params["datasets"]["digits"] = {"kind": "letters", "train": 1, "val": 1, "test": 1}
    params["grid"]["all"]["method"] = {"lor_vp": {"rank": 1}}


class Watch:
    """The highest memory (MB) and the CPU seconds of a project's processes, by the module they run.

    Unlike the clock's, CPU seconds hardly depend on other work on the machine."""

    def __init__(self, project: Project) -> None:
        self.project, self.done = project, threading.Event()
        self.most: dict[str, float] = {}
        self.cpu: dict[tuple[str, int], float] = {}
        self.thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self.done.wait(2):
            for process in alive(self.project):
                with suppress(psutil.Error):
                    name = _module(process.cmdline())
                    size = process.memory_info().rss / 1e6
                    self.most[name] = max(size, self.most.get(name, 0.0))
                    self.cpu[name, process.pid] = sum(process.cpu_times()[:2])

    def seconds(self, name: str) -> int:
        """CPU seconds of all processes that ran a module."""
        return round(sum(s for (module, _), s in self.cpu.items() if module == name))

    def __enter__(self) -> Watch:
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.done.set()
        self.thread.join()


def _module(command: list[str]) -> str:
    known = ("flows.prompts", "tasks.prefect_server.temporary", "spawn_main")
    return next((name for name in known if any(name in part for part in command)), "other")


def timed(project: Project, *command: str, **variables: str) -> tuple[Done, float]:
    """Run a command to its end; its output, and seconds by the clock."""
    start = time.perf_counter()
    with project.started("-m", *command, **variables) as process:
        done = end_of(process, seconds=3600 * HOURS)
    assert done.code == 0, done.out[-3000:]
    return done, time.perf_counter() - start


def train_all(project: Project, name: str, **variables: str) -> dict[str, object]:
    """Measure a run that finds no trial finished."""
    for folder in (project.store, project.prompts):
        shutil.rmtree(folder, ignore_errors=True)
    with Watch(project) as watch:
        _, seconds = timed(project, "flows.prompts", **variables)
    # Not the records' seconds: each of them counts the pass over the images that all share.
    histories = [json.loads(p.read_text()) for p in project.store.glob("*/history.json")]
    training = sum(epoch["seconds"] for history in histories for epoch in history)
    return {
        "run": name,
        "trials": len(histories),
        "seconds": round(seconds, 1),
        "of training": round(training, 1),
        "ms of orchestration per trial": round(1000 * (seconds - training) / len(histories), 1),
        "ms from trial to trial": round(1000 * between(project), 1),
        "CPU seconds of the flow": watch.seconds("flows.prompts"),
        "of the server": watch.seconds("tasks.prefect_server.temporary"),
        "of the workers": watch.seconds("spawn_main"),
        "MB of the flow": round(watch.most["flows.prompts"]),
        "MB of the server": round(watch.most["tasks.prefect_server.temporary"]),
        "MB of a worker": round(watch.most["spawn_main"]),
    }


def between(project: Project) -> float:
    """Mean seconds from one finished trial to the next, without the run's start and end."""
    ends = sorted(path.stat().st_mtime for path in project.store.glob("*/trial.json"))
    return (ends[-1] - ends[0]) / max(1, len(ends) - 1)


def main(trials: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = prepared(Path(folder), grid(trials))
        rows = [train_all(project, "our own server")]
        with server(project) as url:
            rows.append(train_all(project, "a user's server", PREFECT_API_URL=url))
        print(tables.markdown(pl.DataFrame(rows)))
        nothing_to_do(project)


def lanes(trials: int) -> None:
    """Print what trials cost one by one and side by side, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        project = prepared(Path(folder), grid(trials), prompts)
        rows = []
        for number in (1, 8, 1, 8):
            project.edit(lambda params, number=number: params["compute"].update(lanes=number))
            rows.append(train_all(project, f"lanes: {number}"))
        print(tables.markdown(pl.DataFrame(rows)))


def prepared(folder: Path, *changes: Callable[[Any], None]) -> Project:
    """A project with these changes of params.yaml, its data and its network."""
    # A place for bytecode, where Python is told to keep none.
    project = clone(folder, folder / "bytecode")
    for change in changes:
        project.edit(change)
    for stage in ("datasets@letters", "datasets@digits", "checkpoints@letters_resnet"):
        timed(project, "dvc", "repro", stage)
    return project


def nothing_to_do(project: Project) -> None:
    """Print the seconds of commands that find nothing left to do."""
    once = {"dvc repro: hashes, shifts, tables": ("dvc", "repro")}
    again = {
        "python -m flows.prompts": ("flows.prompts",),
        "dvc repro": ("dvc", "repro"),
        "dvc status": ("dvc", "status"),
    }
    rows = [(name, round(timed(project, *command)[1], 1)) for name, command in once.items()]
    for name, command in again.items():
        rows.append((f"{name}, nothing to do", min(timed(project, *command)[1] for _ in range(2))))
    print(tables.markdown(pl.DataFrame(rows, schema=["command", "seconds"], orient="row")))


if __name__ == "__main__":
    measure = lanes if "lanes" in sys.argv else main
    measure(next((int(word) for word in sys.argv[1:] if word.isdigit()), 2000))
