"""The first run, which all tests of the pipeline look at, and what its copies need."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.pipeline.processes import alive, server_addresses
from tests.pipeline.project import Done, Project, clone, end_of, wait_until

GRID = {(m, c, s) for m in ("lor_vp", "adavipro") for c in ("ilm", "lp") for s in (0, 1)}
"""Method, mapping and seed of each trial that params.yaml beside this file asks for."""
API_KEY = "0123456789abcdef0123456789abcdef01234567"
"""A key of W&B in the environment of the first run, in which W&B is offline."""
PROXIES = {
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "all_proxy": "socks5://127.0.0.1:9",
}
"""Proxies that do not answer; the first run has them set and needs no other machine."""


@dataclass(frozen=True)
class FirstRun:
    """The first `dvc repro` in a fresh clone, with W&B offline; nobody changes its folders."""

    project: Project
    done: Done
    addresses: set[str]
    """The addresses on which its Prefect server listened."""


def first_run(root: Path, bytecode: Path | None) -> tuple[dict, list[str]]:
    """Run it in a fresh clone; the fields of its ``Done``, and its server's addresses."""
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


def made_light(params: Any) -> None:
    """W&B off and one worker: a second takes longer to start than it saves."""
    params["tracking"].update(wandb="disabled")
    params["compute"].update(workers=1)


def kill_all(project: Project) -> None:
    """Kill all processes that were started for the project."""
    for process in alive(project):
        process.kill()


def forget_bytecode(project: Project) -> None:
    """Remove the compiled modules of a copy, which nobody reads again."""
    if project.bytecode:
        shutil.rmtree(project.bytecode / project.root.relative_to("/"), ignore_errors=True)
