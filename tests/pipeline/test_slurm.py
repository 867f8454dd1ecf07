"""Trials in jobs of a real Slurm end with the same bits as on this machine, also if time runs out
in the middle of one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.pipeline import slurm_nodes
from tests.pipeline.first_run import FirstRun
from tests.pipeline.left import contents, forget_trials, metrics, results
from tests.pipeline.processes import nothing_is_left
from tests.pipeline.project import Project, end_of

PATIENCE = 900
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3 * PATIENCE)]


@pytest.fixture(scope="module")
def slurm() -> Iterator[dict[str, str]]:
    pytest.importorskip("dask_jobqueue", reason="uv sync --extra slurm")
    if reason := slurm_nodes.missing():
        pytest.skip(reason)
    with slurm_nodes.slurm() as variables:
        yield variables


def variables_of(project: Project, slurm: dict[str, str]) -> dict[str, str]:
    """Each node keeps what it fetched in a folder of its own."""
    node = f"export LORVP_NODE={project.root}/$SLURMD_NODENAME"
    return slurm | {"DASK_JOBQUEUE__SLURM__JOB_SCRIPT_PROLOGUE": f"[{node!r}]"}


def test_a_job_whose_time_runs_out(first: FirstRun, project: Project, slurm: dict[str, str]):
    """A trial too long for a job goes on in another, and ends as if nothing had been."""
    forget_trials(project)
    share = project.root / "share"
    jobs = {"interface": "lo", "jobs": 2, "time": 1, "partition": "main"}
    project.edit(
        lambda params: params["compute"].update(runner="slurm", share=str(share), slurm=jobs)
    )
    with project.started("-m", "dvc", "repro", **variables_of(project, slurm)) as process:
        done = end_of(process, PATIENCE)
    print(done.out)
    assert done.code == 0, done.out
    assert done.to_train == 8
    assert "Traceback" not in done.out
    for name in ("weights.safetensors", "predictions.parquet"):
        assert contents(project.prompts, name) == contents(first.project.prompts, name)
    assert results(project).equals(results(first.project))
    assert metrics(project) == metrics(first.project)
    nothing_is_left(project)
