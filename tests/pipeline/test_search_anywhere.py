"""A search tries the same settings and ends with the same bits, whoever trains and is killed.

Minutes each: `uv run pytest -m slow tests/pipeline/test_search_anywhere.py -s`.
"""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from tests.pipeline.campaign import Campaign, epochs_of_each
from tests.pipeline.first_run import FirstRun, made_light
from tests.pipeline.left import contents, forget_trials, metrics, results
from tests.pipeline.nodes import CLUSTERS
from tests.pipeline.processes import nothing_is_left
from tests.pipeline.project import Project, end_of
from tests.support.mounts import mounted

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
KILLS = 10
PAGE = 4096
RANGE = {"low": 0.001, "high": 10.0, "log": True}


def search(params: Any) -> None:
    """A prompt and a probe, two mappings; three rungs of rounds of eight and four."""
    block = params["grid"]["pixel"]
    block["method"] = {"none": None, "lor_vp": {"rank": 1}}
    block["training"] = {"epochs": 9, "optimizer": "adam"}
    block["tune"] = {"budget": 12, "lr": RANGE, "lr_mapping": RANGE, "seeds": [0, 1]}


@pytest.fixture(scope="module")
def alone(first: FirstRun, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The search by one worker that nothing disturbs."""
    project = searching(first.project.copy(tmp_path_factory.mktemp("search") / "alone"))
    with project.started("-m", "dvc", "repro") as process:
        done = end_of(process, 1800)
    assert done.code == 0, done.out
    return project


@pytest.mark.parametrize("compute", [{"workers": 2}, {"lanes": 3}, {"workers": 2, "lanes": 3}])
def test_by_two_workers_and_side_by_side(alone: Project, project: Project, compute: dict):
    searching(project)
    project.edit(lambda params: params["compute"].update(compute))
    with project.started("-m", "dvc", "repro") as process:
        done = end_of(process, 1800)
    assert done.code == 0, done.out
    same(project, alone)


@pytest.mark.parametrize("runner", ["ray", "dask"])
def test_on_a_cluster_of_two(alone: Project, project: Project, runner: str):
    pytest.importorskip(f"prefect_{runner}", reason=f"uv sync --extra {runner}")
    searching(project)
    with CLUSTERS[runner](project) as cluster:
        on = {"runner": runner, "cluster": cluster.address, "share": str(project.root / "share")}
        project.edit(lambda params: params["compute"].update(on))
        with project.started("-m", "dvc", "repro", **cluster.variables) as process:
            done = end_of(process, 1800)
    assert done.code == 0, done.out
    same(project, alone)


def test_ten_kills(alone: Project, project: Project):
    """Of workers, flows, DVC and Prefect's server, at random."""
    searching(project)
    project.edit(lambda params: params["compute"].update(retries=KILLS))
    with Campaign(project, seed=20261128) as campaign:
        while campaign.kills.total() < KILLS:
            campaign.kill_one()
        campaign.finish()
        print(dict(campaign.kills), campaign.runs, "runs")
    same(project, alone)
    logged = epochs_of_each(project)
    again = sum(len(told) - len(set(told)) for told in logged.values())
    assert again <= KILLS, "at most the epoch in which it was killed"
    nothing_is_left(project)


def test_a_full_disk_in_the_middle(alone: Project, project: Project):
    """One message; where there is room the search goes on with the settings it had begun."""
    searching(project)
    with mounted(project.store, f"size={150 * PAGE}"):
        full = project.python("-m", "flows.prompts")
        assert full.code == 2, full.out
        assert full.out.count(f"the disk is full: {project.store}") == 1, full.out
        assert "Traceback" not in full.out
        kept = contents(project.store, "trial.json")
        assert kept.keys() < contents(alone.store, "trial.json").keys()
        assert len(kept) > 8, "some of the search"

        subprocess.run(["mount", "-o", "remount,size=64m", str(project.store)], check=True)
        with project.started("-m", "dvc", "repro") as process:
            again = end_of(process, 1800)
        assert again.code == 0, again.out
        assert kept.items() < contents(project.store, "trial.json").items()
        same(project, alone)


def searching(project: Project) -> Project:
    forget_trials(project)
    project.edit(made_light)
    project.edit(search)
    return project


def same(project: Project, alone: Project) -> None:
    """Check the settings that were tried, every byte of what was trained, and the tables."""
    for name in ("weights.safetensors", "predictions.parquet"):
        found = contents(project.prompts, name)
        assert found.keys() == contents(alone.prompts, name).keys()
        assert found == contents(alone.prompts, name)
    assert results(project).equals(results(alone))
    assert metrics(project) == metrics(alone)
    assert (project.tables / "tuning.md").read_text() == (alone.tables / "tuning.md").read_text()
