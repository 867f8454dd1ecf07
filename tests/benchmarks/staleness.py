"""`python -m tests.benchmarks.staleness [FILE …]`: what each edit of the code makes stale.

In a copy of the project whose small experiment has been run, each file of lorvp, tasks and flows
gets a comment, and then another statement. The table has a line for each outcome: the stages whose
pages reach the file by imports, the stages that DVC then calls stale, and what they would make
again. For the FILEs that are named, `dvc repro` also runs, and tells what it did.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

from dvc.repo import Repo

from lorvp import code_digest
from lorvp.datasets import made_from
from lorvp.experiment.params import Experiment
from lorvp.trials.identity import identity
from tasks import settings
from tests.pipeline.project import Done, Project, clone, end_of
from tests.support.source_code import imported_by

STAGES = ("datasets", "checkpoints", "prompts", "shifts", "tables")
EDITS = {"comment": "\n# A comment.\n", "statement": "\nA_NEW_CONSTANT = 1\n"}


class Outcome(NamedTuple):
    reached_by: str
    comment: str
    statement: str
    again: str


def main(named: list[str]) -> None:
    with tempfile.TemporaryDirectory() as root:
        project = clone(Path(root), None)
        done = reproduced(project)
        assert done.code == 0, done.out
        os.environ |= project.environment
        os.chdir(project.repo)
        code_digest.ROOT = project.repo
        experiment = settings.read()
        files = sorted(p for top in ("lorvp", "tasks", "flows") for p in Path(top).rglob("*.py"))
        show({str(path): outcome(path, experiment) for path in files})
        for name in named:
            for edit in EDITS:
                with edited(Path(name), edit):
                    print(f"{name}, {edit}: {work(reproduced(project))}")


def reproduced(project: Project) -> Done:
    with project.started("-m", "dvc", "repro") as process:
        return end_of(process, seconds=3600)


def outcome(path: Path, experiment: Experiment) -> Outcome:
    before = hashes(experiment)
    assert stale() == ""
    with edited(path, "comment"):
        comment = stale()
        assert hashes(experiment) == before, f"a comment in {path} makes something new"
    with edited(path, "statement"):
        statement, after = stale(), hashes(experiment)
    again = {name.partition(" ")[0] for name in before if before[name] != after[name]}
    return Outcome(reached(path), comment, statement, ", ".join(s for s in STAGES if s in again))


@contextmanager
def edited(path: Path, edit: str) -> Iterator[None]:
    text, times = path.read_text(), path.stat()
    path.write_text(text + EDITS[edit])
    try:
        yield
    finally:
        path.write_text(text)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def stale() -> str:
    """The stages that DVC calls stale themselves; it runs the stages after them as well."""
    with Repo() as repo:
        found = {name.partition("@")[0] for name in repo.status()}
    return ", ".join(stage for stage in STAGES if stage in found)


def hashes(experiment: Experiment) -> dict[str, object]:
    """The hash or fingerprint of each dataset, checkpoint and trial."""
    code_digest.forget()
    settings, data = experiment.params, Path("data/datasets")
    return {
        **{f"datasets {n}": made_from.of(d) for n, d in settings.datasets.items()},
        **{f"checkpoints {n}": c.made_from(data) for n, c in settings.checkpoints.items()},
        **{f"prompts {p.name}": identity(p.trial, "", "")["code"] for p in experiment.points},
    }


@cache
def pages() -> dict[str, set[str]]:
    return {stage: imported_by(f"flows/{stage}.py") for stage in STAGES}


def reached(path: Path) -> str:
    return ", ".join(stage for stage in STAGES if str(path) in pages()[stage])


def show(found: dict[str, Outcome]) -> None:
    files: dict[Outcome, list[str]] = defaultdict(list)
    for path, result in found.items():
        files[result].append(path)
    print("| reached by | stale by a comment | by a statement | made again | files |")
    print("| --- | --- | --- | --- | --- |")
    for result, paths in sorted(files.items()):
        names = " ".join(paths[:6]) + (f" … ({len(paths)})" if len(paths) > 6 else "")
        print(f"| {' | '.join(result)} | {names} |")


def work(done: Done) -> str:
    lines = [line for line in done.out.splitlines() if "made again" in line or "up to date" in line]
    trained = f"{done.to_train} trials trained" if "prompts" in done.stages else "no trial"
    return f"exit {done.code}; ran {', '.join(done.stages) or 'nothing'}; {trained}; {lines}"


if __name__ == "__main__":
    main(sys.argv[1:])
