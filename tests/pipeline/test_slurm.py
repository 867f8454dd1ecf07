"""Trials in jobs of a real Slurm end with the same bits as on this machine, also if a job's time
runs out in the middle of one."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline import slurm_nodes
from tests.pipeline.left import contents, forget_trials, metrics, results
from tests.pipeline.processes import nothing_is_left
from tests.pipeline.project import Project, end_of, wait_until

PATIENCE = 1200
"""Seconds for a run: each job imports torch and Prefect, and Slurm counts in minutes."""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3 * PATIENCE)]
LONG = {"epochs": 1000, "optimizer": "adam", "lr": 0.03}
"""Training that goes on while Slurm, which looks at times twice a minute, ends its job: two minutes
on a machine that has nothing else to do."""


@pytest.fixture(scope="module")
def slurm() -> Iterator[dict[str, str]]:
    pytest.importorskip("dask_jobqueue", reason="uv sync --extra slurm")
    if reason := slurm_nodes.missing():
        pytest.skip(reason)
    with slurm_nodes.slurm() as variables:
        yield variables


def asking_for(project: Project, **jobs: Any) -> None:
    """Have the project ask for such jobs, with a share between the nodes."""
    share = str(project.root / "share")
    slurm = {"interface": "lo", **jobs}
    project.edit(lambda params: params["compute"].update(runner="slurm", share=share, slurm=slurm))


def test_time_runs_out_in_the_middle_of_a_trial(project: Project, slurm: dict[str, str]):
    """A trial whose job ends goes on in another, after the last epoch that it had finished."""
    project.edit(lambda params: params["grid"]["pixel"].update(training=LONG, mapping="lp"))
    project.edit(lambda params: params["grid"]["pixel"].update(method="lor_vp"))
    project.edit(lambda params: params["compute"].update(workers=2))
    here = project.dvc("repro")
    assert (here.code, here.to_train) == (0, 2), here.out
    names = "weights.safetensors", "predictions.parquet", "history.parquet"
    whole = {name: contents(project.prompts, name) for name in names}
    tables = results(project), metrics(project)
    forget_trials(project)

    asking_for(project, partition="main", jobs=2, time=60)
    nodes = {"LORVP_NODE": f"{project.root}/nodes/$SLURMD_NODENAME"}
    prologue = [f"export {name}={value}" for name, value in nodes.items()]
    variables = slurm | {"DASK_JOBQUEUE__SLURM__JOB_SCRIPT_PROLOGUE": str(prologue)}
    with project.started("-m", "dvc", "repro", **variables) as process:
        # Both nodes are in the middle of a trial; then one of their jobs has a minute in all.
        wait_until(lambda: ended(process) or len(epochs_by_node(project)) == 2, PATIENCE)
        number = running(slurm)[0]
        subprocess.run(
            ["scontrol", "update", f"JobId={number}", "TimeLimit=1"],
            env=project.environment | slurm,
            check=True,
        )
        done = end_of(process, PATIENCE)
    assert done.code == 0, done.out
    assert done.to_train == 2
    assert f"Slurm's job {number} has ended" in done.out
    assert "trying again" not in done.out
    assert "Traceback" not in done.out
    assert out_of_time(project) == [number]
    for name in names:
        assert contents(project.prompts, name) == whole[name]
    assert results(project).equals(tables[0])
    assert metrics(project) == tables[1]
    lost_an_epoch_at_most(project)
    assert [*(project.root / "share/resume").glob("*")] == []
    assert running(slurm) == []
    nothing_is_left(project)


def ended(process: Any) -> None:
    assert process.poll() is None, process.communicate()[0]


def epochs_by_node(project: Project) -> dict[str, list[int]]:
    """The epochs that each node has finished, by its name."""
    found = {}
    for log in (project.root / "nodes").glob("*/data/.work/logs/*.log"):
        if epochs := epochs_in(log.read_text()):
            found[log.parts[-5]] = epochs
    return found


def epochs_in(log: str) -> list[int]:
    return [int(number) for number in re.findall(r"epoch +(\d+): loss", log)]


def running(slurm: dict[str, str]) -> list[str]:
    """The numbers of the jobs that Slurm has running or waiting."""
    return slurm_nodes.said(["squeue", "--noheader", "--format=%i"], slurm).split()


def out_of_time(project: Project) -> list[str]:
    """The numbers of the jobs that Slurm ended at their time limit."""
    logs = (project.repo / "data/.work/slurm").glob("*.err")
    return [log.stem.rpartition("-")[2] for log in logs if "TIME LIMIT" in log.read_text()]


def lost_an_epoch_at_most(project: Project) -> None:
    """Check the logs of the trial that was in two jobs: only its last epoch may be there twice."""
    of_each: dict[str, list[str]] = {}
    logs: list[Path] = [*(project.root / "nodes").glob("*/data/.work/logs/*.log")]
    for log in logs:
        of_each.setdefault(log.stem, []).extend(log.read_text().splitlines())
    again = 0
    for lines in of_each.values():
        lines.sort()  # each begins with its time
        epochs = epochs_in("\n".join(lines))
        assert sorted(set(epochs)) == list(range(LONG["epochs"]))
        repeated = len(epochs) - len(set(epochs))
        assert repeated <= 1
        again += sum(" on cpu" in line for line in lines) - 1
    assert again == 1


@pytest.mark.parametrize(
    ("jobs", "said"),
    [
        ({"partition": "nope"}, r"compute\.slurm\.partition: .*nope"),
        ({"partition": "main", "time": 9999, "jobs": 2}, r"compute\.slurm\.time: .*time limit"),
    ],
)
def test_what_slurm_refuses_is_said_before_anything_starts(
    project: Project, slurm: dict[str, str], jobs: dict[str, Any], said: str
):
    project.edit(lambda params: params["grid"]["pixel"].update(seed=7))
    asking_for(project, **jobs)
    done = project.python("-m", "flows.prompts", **slurm)
    assert done.code == 2
    assert re.search(said, done.out), done.out
    assert "Prefect UI" not in done.out
    assert "Traceback" not in done.out
    assert running(slurm) == []


def test_jobs_that_wait_say_why(project: Project, slurm: dict[str, str]):
    """While no node takes jobs, and then one does."""
    forget_trials(project)
    project.edit(
        lambda params: params["grid"]["pixel"].update(method="lor_vp", mapping="lp", seed=0)
    )
    asking_for(project)
    node = lambda state: slurm_nodes.set_nodes(state, slurm)  # noqa: E731
    node("drain")
    try:
        with project.started("-u", "-m", "flows.prompts", **slurm) as process:
            shown: list[str] = []
            for line in iter(process.stdout.readline, ""):  # pyright: ignore
                shown.append(line)
                if "wait in Slurm's queue" in line:
                    node("resume")
            process.wait()
    finally:
        node("resume")
    assert process.returncode == 0, "".join(shown)
    assert any("Its reason: " in line for line in shown)
    assert len(project.trials()) == 1


def test_jobs_in_which_nothing_can_begin(project: Project, slurm: dict[str, str]):
    """The run ends by itself, with the end of a job's log."""
    forget_trials(project)
    asking_for(project)
    broken = {"DASK_JOBQUEUE__SLURM__JOB_SCRIPT_PROLOGUE": "['echo no such module >&2; exit 1']"}
    done = project.python("-m", "flows.prompts", **slurm, **broken)
    assert done.code == 1, done.out
    assert "jobs of Slurm ended before a trial finished an epoch" in done.out
    assert "no such module" in done.out
    assert "8 of 8 trials failed" in done.out
    assert "Traceback" not in done.out
    nothing_is_left(project)
