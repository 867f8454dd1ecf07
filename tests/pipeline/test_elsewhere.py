"""Trials on Ray and Dask end with the same bits as on this machine, also if a machine dies."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.pipeline.api import ask, server
from tests.pipeline.first_run import FirstRun
from tests.pipeline.left import contents, files, forget_trials, metrics, results
from tests.pipeline.nodes import CLUSTERS, Cluster
from tests.pipeline.processes import alive, held_in_training, nothing_is_left
from tests.pipeline.project import DIVERGES, Project, end_of, wait_until

PATIENCE = 400
"""Seconds for a run: a cluster's processes import torch and Prefect many times over."""
pytestmark = pytest.mark.timeout(3 * PATIENCE)


@pytest.fixture(params=["ray", "dask"])
def runner(request: pytest.FixtureRequest) -> str:
    pytest.importorskip(f"prefect_{request.param}", reason=f"uv sync --extra {request.param}")
    return request.param


def test_a_machine_that_dies(first: FirstRun, project: Project, runner: str):
    """Two machines that share nothing but an address and a folder; one is switched off."""
    forget_trials(project)
    share = project.root / "share"
    with CLUSTERS[runner](project) as cluster:
        on = {"runner": runner, "cluster": cluster.address, "share": str(share)}
        project.edit(lambda params: params["compute"].update(on))
        with project.started("-m", "dvc", "repro", **cluster.variables) as process:
            node, broken_off = wait_until(lambda: ended(process) or busy(cluster, share), PATIENCE)
            kept = contents_of(share / "trials")
            cluster.kill(node)
            done = end_of(process, PATIENCE)
        begun = {fingerprint: cluster.trainings(fingerprint) for fingerprint in project.trials()}
    assert done.code == 0, done.out
    assert done.to_train == 8
    assert "[8/8] " in done.out
    assert "Traceback" not in done.out
    for name in ("weights.safetensors", "predictions.parquet"):
        assert contents(project.prompts, name) == contents(first.project.prompts, name)
    assert results(project).equals(results(first.project))
    assert metrics(project) == metrics(first.project)
    assert kept.items() <= contents_of(share / "trials").items()
    assert begun.pop(broken_off) >= 2
    assert set(begun.values()) == {1}, "a finished trial was trained again"
    assert [*(share / "resume").glob("*")] == []
    recorded_in_prefect(project)


def busy(cluster: Cluster, share: Path) -> tuple[Path, str] | None:
    """A machine in training and its trial, once another trial is finished."""
    time.sleep(0.2)  # whoever looks takes time from those that train
    training = cluster.training() if any(contents_of(share / "trials")) else {}
    return next(iter(training.items()), None)


def ended(process: Any) -> None:
    assert process.poll() is None, process.communicate()[0]


def contents_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.zip")}


def recorded_in_prefect(project: Project) -> None:
    """Check that Prefect has each trial's name, tags and log from the other machines."""
    with server(project) as url:
        newest, _ = ask(url, "/flow_runs/filter", sort="START_TIME_DESC")
        of_it = {"flow_runs": {"id": {"any_": [newest["id"]]}}}
        runs = ask(url, "/task_runs/filter", **of_it)
        logs = ask(url, "/logs/filter", limit=200, logs={"flow_run_id": {"any_": [newest["id"]]}})
    names = {trial["name"] for trial in project.trials().values()}
    assert {run["name"] for run in runs} == names | {"results"}
    assert {run["state_type"] for run in runs} == {"COMPLETED"}
    assert all(run["tags"] for run in runs if run["name"] != "results")
    last_epochs = {log["task_run_id"] for log in logs if "epoch   1: loss" in log["message"]}
    assert len(last_epochs) >= 5, "what a machine said in its last seconds may go with it"


def test_a_cluster_of_our_own(first: FirstRun, project: Project, runner: str):
    """A run starts a cluster on this machine; killed processes and diverging trials are reported as
    without one."""
    forget_trials(project)
    project.edit(lambda params: params["compute"].update(runner=runner))
    project.edit(two_and_a_broken_one)
    with project.started("-m", "flows.prompts") as process:
        train = lambda: ended(process) or held_in_training(project)  # noqa: E731
        fingerprint, worker = wait_until(train, PATIENCE)
        listening = addresses(project)
        worker.kill()
        done = end_of(process, PATIENCE)
    killed = project.trials(project.store)[fingerprint]["name"]
    assert (done.code, done.to_train) == (1, 3)
    assert listening == {"127.0.0.1"}
    assert f"trying again: {killed}: WorkerDied: the worker was killed (signal 9)" in done.out
    assert "1 of 3 trials failed" in done.out
    assert re.search(r"FAILED .* seed 5: DivergedError: diverged in epoch 0, step ", done.out)
    assert "Traceback" not in done.out
    nothing_is_left(project)
    log = (project.repo / f"data/.work/logs/{fingerprint}.log").read_text()
    assert "memory ran out" not in log, "nobody but the system knows that, and it did not say so"
    whole = contents(first.project.prompts, "predictions.parquet")
    found = contents(project.prompts, "predictions.parquet")
    assert len(found) == 2
    assert found.items() <= whole.items()
    told_to_prefect_by_login_alone(project)


def told_to_prefect_by_login_alone(project: Project) -> None:
    """Check that trials report to a server with a login, which is written nowhere."""
    with server(project) as url:
        newest = ask(url, "/flow_runs/filter", sort="START_TIME_DESC")[0]
        of_it = {"flow_runs": {"id": {"any_": [newest["id"]]}}}
        states = [run["state_type"] for run in ask(url, "/task_runs/filter", **of_it)]
        logs = ask(url, "/logs/filter", logs={"flow_run_id": {"any_": [newest["id"]]}})
    assert sorted(states) == ["COMPLETED"] * 3 + ["FAILED"]
    assert any("epoch   1: loss" in log["message"] for log in logs)
    file = project.root / "prefect/lorvp-login"
    others = [path for path in project.root.rglob("*") if path.is_file() and path != file]
    assert not [path for path in others if file.read_bytes() in path.read_bytes()]


def two_and_a_broken_one(params: Any) -> None:
    one = {**params["grid"]["pixel"], "method": {"lor_vp": {"rank": 1}}, "mapping": "lp"}
    broken = {**one, "training": DIVERGES, "seed": 5}
    params["grid"] = {"pixel": one, "broken": broken}


def addresses(project: Project) -> set[str]:
    """The addresses on which processes of the project listen."""
    found = set()
    for process in alive(project):
        try:
            sockets = process.net_connections("tcp")
        except psutil.Error:
            continue
        found |= {s.laddr.ip for s in sockets if s.status == psutil.CONN_LISTEN}
    return {address.removeprefix("::ffff:") for address in found}


def test_machines_that_cannot_reach_our_prefect(project: Project, runner: str):
    far = {"runner": runner, "cluster": "192.0.2.77:6379", "share": str(project.root / "share")}
    project.edit(lambda params: params["compute"].update(far))
    project.edit(lambda params: params["grid"]["pixel"].update(seed=2))
    before = files(project)
    done = project.python("-m", "flows.prompts", LORVP_CLUSTER=far["cluster"])
    assert done.code == 2
    assert "params.yaml: compute.cluster: the machines of 192.0.2.77:6379 cannot reach" in done.out
    assert "set PREFECT_API_URL" in done.out
    assert "Traceback" not in done.out
    assert files(project) == before
    assert not (project.root / "share").exists()
