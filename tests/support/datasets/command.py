"""`python -m flows.datasets mine` in a project of its own, ended from outside or by itself.

The process comes from a server that has imported everything, so that each takes no seconds.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import runpy
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.process import BaseProcess
from pathlib import Path

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tasks.stages.prepare", "torchvision.datasets", "datasets", "pooch"])

EXPERIMENT = {
    "checkpoints": {"net": {"kind": "trained", "dataset": "mine", "architecture": "test_resnet"}},
    "grid": {"a": {"dataset": "mine", "network": "net", "method": "none", "mapping": "lp"}},
}
"""The other sections that params.yaml needs."""


@dataclass(frozen=True)
class Project:
    """A project in ``root``: params.yaml, data/ and the output of the process."""

    root: Path
    raw: Path

    @property
    def prepared(self) -> Path:
        return self.root / "data/datasets/mine"

    @property
    def said(self) -> str:
        return (self.root / "said").read_text()

    def asks_for(self, **settings) -> None:
        """Write params.yaml with these settings of the dataset ``mine``."""
        self.root.mkdir(parents=True, exist_ok=True)
        experiment = EXPERIMENT | {"datasets": {"mine": settings}}
        (self.root / "params.yaml").write_text(json.dumps(experiment))  # which is YAML too

    def started(self, dies: tuple[str, int] | None = None, limit: int | None = None) -> BaseProcess:
        process = FORKS.Process(target=_run, args=(self, dies, limit))
        process.start()
        return process

    def run(self, **options) -> int | None:
        """Its exit status, or minus the signal that ended it."""
        process = self.started(**options)
        process.join(600)
        return process.exitcode

    def files(self) -> dict[str, bytes]:
        """All files, without the manifest's hash of settings that hold a test server's address."""
        found = {path.name: path.read_bytes() for path in self.prepared.iterdir()}
        manifest = json.loads(found["manifest.json"])
        assert manifest["made_from"].pop("settings")
        return found | {"manifest.json": json.dumps(manifest).encode()}

    def leftovers(self) -> list[Path]:
        """Folders, whole or not, that later stages would read as datasets."""
        folder = self.prepared.parent
        return list(folder.iterdir()) if folder.exists() else []

    def raw_folders(self) -> list[Path]:
        """Folders of raw files that later runs would take for complete."""
        found = self.raw.iterdir() if self.raw.exists() else ()
        return [p for p in found if p.suffix not in (".lock", ".downloads") and p.name[0] != "."]


def _run(project: Project, dies: tuple[str, int] | None, limit: int | None) -> None:
    """The body of the new process."""
    os.chdir(project.root)
    os.environ["LORVP_RAW"] = str(project.raw)
    said = os.open("said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    sys.stdout, sys.stderr = os.fdopen(1, "w", 1), os.fdopen(2, "w", 1)
    if dies:
        _die_in(*dies)
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    sys.argv = ["flows.datasets", "mine"]
    runpy.run_module("flows.datasets", run_name="__main__")


def _die_in(name: str, calls: int) -> None:
    """Send SIGKILL when ``module:owner.name`` is called for the ``calls``-th time."""
    module, _, path = name.partition(":")
    owner, _, function = path.rpartition(".")
    place = getattr(import_module(module), owner) if owner else import_module(module)
    setattr(place, function, _counted(getattr(place, function), calls))


def _counted(original: Callable, calls: int) -> Callable:
    done = []

    def call(*args, **kwargs):
        done.append(None)
        if len(done) == calls:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kwargs)

    return call
