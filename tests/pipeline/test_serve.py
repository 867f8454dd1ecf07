"""The form in Prefect's UI, and a second run beside one that trains already."""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections import Counter
from typing import Any

import psutil
import pytest
from filelock import FileLock

from tests.pipeline.api import ask, server
from tests.pipeline.processes import alive, nothing_is_left
from tests.pipeline.project import SOON, Project, end_of, wait_until

FORM = {"methods": ["lor_vp"], "ranks": [2], "mappings": ["lp"], "seeds": [7]}


@pytest.mark.slow
def test_a_run_from_the_form(project: Project):
    """Mistakes are reported as those in params.yaml; the next `dvc repro` finds its trials."""
    with server(project) as url:
        before = on_their_own(url)
        with project.started("-m", "flows.serve", PREFECT_API_URL=url) as serving:
            deployment = wait_until(lambda: ask(url, "/deployments/filter"))[0]
            wrong = run(url, deployment, FORM | {"ranks": [0], "training": {"epocs": [3]}})
            right = run(url, deployment, FORM | {"training": {"epochs": [1]}})
            serving.send_signal(signal.SIGINT)
            end_of(serving, SOON)
        seen = on_their_own(url) - before
    assert wrong["state_type"] == "FAILED"
    said = wrong["state"]["message"]
    assert "grid.pixel.method.lor_vp.rank.0: should be greater than or equal to 1" in said
    assert "grid.pixel.training.epocs: there is no key 'epocs' here; did you mean 'epochs'" in said
    assert right["state"]["message"] == "1 trials are in the store"
    assert seen == 2, "runs of the form, without what they started"
    properties = deployment["parameter_openapi_schema"]["properties"]
    assert "adavipro" in properties["methods"]["items"]["enum"]
    assert properties["datasets"]["items"]["enum"] == ["letters", "digits"]
    assert properties["networks"]["items"]["enum"] == ["letters_resnet"]
    assert properties["training"]["properties"]["lr"]["items"] == {"type": "number"}
    nothing_is_left(project)

    project.edit(as_in_the_form)
    again = project.dvc("repro")
    assert (again.code, again.to_train) == (0, 0), again.out


def on_their_own(url: str) -> int:
    """The number of flow runs in the UI's list, without those that another run started."""
    return [run["parent_task_run_id"] for run in ask(url, "/flow_runs/filter")].count(None)


def as_in_the_form(params: Any) -> None:
    block = params["grid"]["pixel"]
    block.update(method={"lor_vp": {"rank": 2}}, mapping="lp", seed=7)
    block["training"]["epochs"] = 1


def run(url: str, deployment: dict, parameters: dict) -> dict:
    """Run the form, and give the flow run once it has ended."""
    return when_ended(url, started(url, deployment, parameters))


def started(url: str, deployment: dict, parameters: dict) -> dict:
    path = f"/deployments/{deployment['id']}/create_flow_run"
    return ask(url, path, parameters=parameters, state={"type": "SCHEDULED"})


def when_ended(url: str, flow_run: dict) -> dict:
    ended = ("FAILED", "COMPLETED", "CRASHED", "CANCELLED")
    wanted = {"id": {"any_": [flow_run["id"]]}, "state": {"type": {"any_": ended}}}
    return wait_until(lambda: ask(url, "/flow_runs/filter", flow_runs=wanted))[0]


def test_without_a_server_it_says_what_to_start(project: Project):
    done = project.python("-m", "flows.serve")
    assert done.code == 2
    # Or that the one on this machine is somebody else's.
    assert re.search("start one beside with `lorvp server`|or start your own", done.out)
    assert "Traceback" not in done.out


def test_a_second_run_waits_and_says_for_whom(project: Project):
    work = project.repo / "data/.work"
    (work / "run.pid").write_text(str(os.getpid()))
    with FileLock(work / "run.lock"), project.started("-m", "flows.prompts") as second:
        assert second.stdout
        line = second.stdout.readline()
        assert second.poll() is None
        assert line.startswith(f"waiting for the run that trains in this folder: PID {os.getpid()}")
        assert f"`{' '.join(psutil.Process().cmdline())}`" in line
        os.kill(second.pid, signal.SIGINT)
        assert end_of(second, SOON).code == 130
    assert project.python("-m", "flows.prompts").code == 0


@pytest.mark.parametrize("how", ["ctrl-c", pytest.param("cancel", marks=pytest.mark.slow)])
def test_a_stopped_run_says_so_on_the_users_server(project: Project, how: str):
    """The run is stopped while its worker is in the middle of a trial; seven trials wait."""
    many_epochs(project)
    with server(project) as url:
        with project.started("-m", "flows.prompts", PREFECT_API_URL=url) as process:
            in_an_epoch(project)
            flow_run = newest(url)
            shown = {"RUNNING": 1, "PENDING": 7}
            wait_until(lambda: Counter(s["type"] for s in states_of(url, flow_run)) == shown, SOON)
            if how == "cancel":
                cancel(url, flow_run)
            else:
                os.killpg(process.pid, signal.SIGINT)
            stopped = end_of(process, SOON)
        flow_run = newest(url)
        states = states_of(url, flow_run)
    told = {"ctrl-c": ("CRASHED", "interrupt signal"), "cancel": ("CANCELLED", "in the UI")}
    assert "stopped; finished trials are kept" in stopped.out
    assert stopped.code == 130
    assert flow_run["state"]["type"] == told[how][0]
    assert told[how][1] in flow_run["state"]["message"]
    assert len(states) == 8
    assert {state["type"] for state in states} <= {"CANCELLED", "CRASHED"}
    assert "the run was stopped; whole epochs are kept" in {state["message"] for state in states}
    nothing_is_left(project)


@pytest.mark.slow
def test_cancel_ends_a_run_from_the_form(project: Project):
    many_epochs(project)
    with (
        server(project) as url,
        project.started("-m", "flows.serve", PREFECT_API_URL=url) as serving,
    ):
        deployment = wait_until(lambda: ask(url, "/deployments/filter"))[0]
        made = started(url, deployment, FORM | {"training": {"epochs": [500]}})
        in_an_epoch(project)
        cancel(url, made)
        assert when_ended(url, made)["state_type"] == "CANCELLED"
        wait_until(lambda: not workers(project), SOON)
        serving.send_signal(signal.SIGINT)
        end_of(serving, SOON)
    nothing_is_left(project)


def workers(project: Project) -> list[psutil.Process]:
    return [process for process in alive(project) if "spawn_main" in " ".join(process.cmdline())]


def many_epochs(project: Project) -> None:
    project.edit(lambda p: p["grid"]["pixel"].update(training={"epochs": 500, "lr": 0.01}))
    shutil.rmtree(project.repo / "data/.work/logs")


def in_an_epoch(project: Project) -> None:
    """Wait for the fourth epoch of a trial."""
    logs = project.repo / "data/.work/logs"
    wait_until(lambda: any("epoch   3" in file.read_text() for file in logs.glob("*")))


def states_of(url: str, flow_run: dict) -> list[dict]:
    """The state of each trial of a run."""
    own = {"id": {"any_": [flow_run["id"]]}}
    return [run["state"] for run in ask(url, "/task_runs/filter", flow_runs=own)]


def newest(url: str) -> dict:
    """The flow run that was started last."""
    return ask(url, "/flow_runs/filter", sort="START_TIME_DESC")[0]


def cancel(url: str, flow_run: dict) -> None:
    """Cancel a flow run as the button in the UI does."""
    state = {"type": "CANCELLING", "name": "Cancelling"}
    ask(url, f"/flow_runs/{flow_run['id']}/set_state", state=state)
