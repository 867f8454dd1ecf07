"""Two people with one remote: neither trains again what the other has trained."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.first_run import FirstRun, forget_bytecode, kill_all, made_light
from tests.pipeline.project import Done, Project, wait_until

pytestmark = pytest.mark.patient
RANKS = "grid.pixel.method.lor_vp.rank"


@pytest.fixture
def colleague(first: FirstRun, project: Project, tmp_path: Path) -> Iterator[Project]:
    """A clone of the first user's repository after `dvc push`, on a machine with nothing else."""
    project.git("add", "--all")
    remote = project.dvc("remote", "add", "--default", "ours", str(tmp_path / "remote"))
    assert remote.code == 0, remote.out
    pushed = project.dvc("push")
    assert pushed.code == 0, pushed.out
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message", "Trained, and pushed")

    other = Project(tmp_path / "colleague", first.project.bytecode)
    (other.root / "home").mkdir(parents=True)
    project.git("clone", "--quiet", str(project.repo), str(other.repo))
    other.git("config", "user.name", "B")
    other.git("config", "user.email", "b@example.org")
    yield other
    kill_all(other)
    forget_bytecode(other)


@pytest.mark.slow
def test_a_colleague_pulls_the_prompts_and_trains_only_what_is_new(
    first: FirstRun, colleague: Project
):
    assert colleague.trials() == {}
    pulled = colleague.dvc("pull")
    assert pulled.code == 0, pulled.out
    assert files(colleague.prompts) == files(first.project.prompts)
    assert colleague.dvc("repro").stages == []

    added = colleague.dvc("exp", "run", "-S", f"{RANKS}=[1,2]", "-S", "compute.workers=1")
    assert added.code == 0, added.out
    assert added.to_train == 4
    assert len(colleague.trials()) == 12
    assert files(first.project.prompts).items() <= files(colleague.prompts).items()


def files(folder: Path) -> dict[str, bytes]:
    """The record and the weights of every trial."""
    names = ("trial.json", "weights.safetensors")
    return {
        f"{p.parent.name}/{p.name}": p.read_bytes() for n in names for p in folder.glob(f"*/{n}")
    }


@pytest.mark.slow
def test_experiments_wait_in_a_queue_and_share_what_is_trained(project: Project):
    project.edit(made_light)
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message", "One worker")
    queued = project.dvc("exp", "run", "--queue", "-S", f"{RANKS}=[1,2]", "-S", f"{RANKS}=[2]")
    assert queued.code == 0, queued.out
    queued = project.dvc("exp", "run", "--queue", "-S", f"{RANKS}=[1,2]", "--name", "both")
    assert queued.code == 0, queued.out
    started = project.dvc("queue", "start")
    assert started.code == 0, started.out
    wait_until(lambda: "Running" not in status(project).out and "Queued" not in status(project).out)
    assert "both" in project.dvc("exp", "show", "--csv").out
    assert len(project.trials(project.store)) == 12


def status(project: Project) -> Done:
    return project.dvc("queue", "status")
