"""Trials side by side in a whole run: each is still a trial of its own."""

from __future__ import annotations

import shutil

import pytest

from tests.pipeline.api import ask, server
from tests.pipeline.first_run import GRID, FirstRun
from tests.pipeline.left import contents, forget_trials, metrics, results
from tests.pipeline.processes import held_in_training, nothing_is_left
from tests.pipeline.project import DIVERGES, SOON, Project, end_of, wait_until

BROKEN = "lor_vp r=1 · lp · digits · seed 5"


def lanes(params: dict) -> None:
    """Groups of three, and a trial in one of them that fails."""
    one = {**params["grid"]["pixel"], "method": {"lor_vp": {"rank": 1}}, "mapping": "lp"}
    params["grid"]["broken"] = {**one, "training": DIVERGES, "seed": 5}
    params["compute"].update(workers=1, lanes=3)


@pytest.mark.slow
def test_they_end_with_the_bits_of_a_run_without_lanes(first: FirstRun, project: Project):
    """A worker is killed in the middle of a group, and another trial of a group diverges."""
    forget_trials(project)
    project.edit(lanes)
    with server(project) as url:
        with project.started("-m", "flows.prompts", PREFECT_API_URL=url) as process:
            _, worker = wait_until(lambda: held_in_training(project))
            worker.kill()
            done = end_of(process)
        runs = {run["name"]: run for run in ask(url, "/task_runs/filter")}
    assert done.code == 1, done.out
    assert done.to_train == len(GRID) + 1
    assert "1 of 9 trials failed" in done.out
    assert f"{BROKEN}: DivergedError: diverged in epoch 0" in done.out
    assert "the worker was killed (signal 9); " in done.out
    assert " of 3 trials go on one by one" in done.out
    assert "trying again" not in done.out, "the group has done so"
    assert "Traceback" not in done.out
    names = {trial["name"] for trial in first.project.trials().values()}
    assert runs.keys() == {*names, BROKEN, "results"}
    assert [name for name, run in runs.items() if run["state_type"] != "COMPLETED"] == [BROKEN]
    nothing_is_left(project)

    project.edit(lambda params: params["grid"].pop("broken"))
    again = project.dvc("repro")
    assert again.code == 0, again.out
    assert results(project).equals(results(first.project))
    assert metrics(project) == metrics(first.project)
    for name in ("weights.safetensors", "predictions.parquet"):
        assert contents(project.prompts, name) == contents(first.project.prompts, name)
    assert list((project.store / ".resume").iterdir()) == []


@pytest.mark.slow
def test_cancel_in_the_ui_stops_all_of_a_group(project: Project):
    forget_trials(project)
    shutil.rmtree(project.repo / "data/.work/logs")
    project.edit(lanes)
    project.edit(lambda params: params["grid"].pop("broken"))
    project.edit(lambda params: params["grid"]["pixel"]["training"].update(epochs=500, lr=0.01))
    with server(project) as url:
        with project.started("-m", "flows.prompts", PREFECT_API_URL=url) as process:
            wait_until(lambda: len(in_their_fourth_epoch(project)) == 3)
            run = newest(url)
            state = {"type": "CANCELLING", "name": "Cancelling"}
            ask(url, f"/flow_runs/{run['id']}/set_state", state=state)
            done = end_of(process, SOON)
        run, of_it = newest(url), {"id": {"any_": [run["id"]]}}
        tasks = ask(url, "/task_runs/filter", flow_runs=of_it)
    assert done.code != 0
    assert run["state_type"] == "CANCELLED"
    ends = {task["name"]: (task["state_type"], task["state"]["message"]) for task in tasks}
    assert not {end for end, _ in ends.values()} & {"FAILED", "COMPLETED"}, ends
    assert "Traceback" not in done.out
    assert "go on one by one" not in done.out
    assert len(list((project.store / ".resume").iterdir())) == 3
    nothing_is_left(project)


def newest(url: str) -> dict:
    """The flow run that was started last; another was copied with the project."""
    return ask(url, "/flow_runs/filter", sort="START_TIME_DESC")[0]


def in_their_fourth_epoch(project: Project) -> list[str]:
    logs = (project.repo / "data/.work/logs").glob("*.log")
    return [path.stem for path in logs if "epoch   3" in path.read_text()]
