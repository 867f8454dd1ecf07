"""Whole runs with full and read-only disks, damaged files and clocks that jump."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pipeline.first_run import FirstRun
from tests.pipeline.left import contents, forget_trials, metrics, results
from tests.pipeline.project import Done, Project
from tests.support.mounts import mounted

PAGE = 4096


@pytest.mark.slow
def test_a_full_store_ends_the_run_with_one_message_and_there_it_goes_on(
    first: FirstRun, project: Project
):
    """The disk is full in the middle of the grid; then there is room."""
    forget_trials(project)
    project.edit(one_epoch_more)
    with mounted(project.store, f"size={30 * PAGE}"):
        done = project.python("-m", "flows.prompts")
        says_once(done, f"the disk is full: {project.store}")
        kept = contents(project.store, "trial.json")
        assert 0 < len(kept) < 8
        assert list((project.store / ".work").iterdir()) == []
        assert all(is_good(path) for path in (project.store / ".resume").iterdir())

        subprocess.run(["mount", "-o", "remount,size=64m", str(project.store)], check=True)
        again = project.python("-m", "flows.prompts")
        assert (again.code, again.to_train) == (0, 8 - len(kept)), again.out
        assert kept.items() < contents(project.store, "trial.json").items()
        assert list((project.store / ".resume").iterdir()) == []
    with mounted(project.store, "ro"):
        project.edit(lambda params: params["grid"]["pixel"].update(seed=7))
        says_once(project.python("-m", "flows.prompts"), f"Read-only file system: '{project.store}")


def one_epoch_more(params: dict) -> None:
    params["grid"]["pixel"]["training"]["epochs"] = 1


def is_good(path: Path) -> bool:
    from lorvp.trials.resume import ResumeFile

    return ResumeFile(path).load() is not None


def says_once(done: Done, message: str) -> None:
    assert done.code == 2, done.out
    assert done.out.count(message) == 1, done.out
    assert "Traceback" not in done.out
    assert "FAILED" not in done.out


def cut(path: Path) -> None:
    """Cut a file in half, without changing others that are hard links to it."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])


DAMAGES: dict[str, Callable[[Project], None]] = {
    "a dataset": lambda p: cut(p.repo / "data/datasets/digits/images.npy"),
    "a checkpoint": lambda p: cut(p.repo / "data/checkpoints/letters_resnet/weights.safetensors"),
    "a shown trial": lambda p: cut(sorted(p.prompts.glob("*/predictions.parquet"))[0]),
    "clocks ahead": lambda p: set_clock(p, 4_000_000_000),
    "clocks behind": lambda p: set_clock(p, 100_000_000),
}


def set_clock(project: Project, seconds: int) -> None:
    """Set the times of all files, as if the clock had been wrong when they were written."""
    for folder in (project.repo / "data", project.store):
        for path in folder.rglob("*"):
            os.utime(path, (seconds, seconds))


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_made_again_and_no_trial_is_trained_again(
    first: FirstRun, project: Project, damage: str
):
    before = contents(project.store, "trial.json")
    DAMAGES[damage](project)
    shutil.rmtree(project.tables)
    done = project.dvc("repro")
    assert done.code == 0, done.out
    assert contents(project.store, "trial.json") == before
    assert contents(project.prompts, "trial.json") == before
    assert results(project).equals(results(first.project))
    assert metrics(project) == metrics(first.project)


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["a dataset", "a checkpoint"])
def test_without_dvc_a_damaged_file_is_named(project: Project, damage: str):
    project.edit(lambda params: params["grid"]["pixel"].update(seed=5))
    DAMAGES[damage](project)
    done = project.python("-m", "flows.prompts")
    assert done.code == 1, done.out
    assert "is damaged: " in done.out
    assert "4 of 4 trials failed" in done.out
    assert "trying again" not in done.out
    assert "Traceback" not in done.out
