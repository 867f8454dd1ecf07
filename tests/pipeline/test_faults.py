"""Stopped runs, killed workers and failing trials lose what is documented, and say so."""

from __future__ import annotations

import os
import re
import signal
from contextlib import suppress

import psutil
import pytest

from tests.pipeline.api import ask, server
from tests.pipeline.first_run import FirstRun
from tests.pipeline.left import contents, forget_trials, metrics, results
from tests.pipeline.processes import held_in_training, nothing_is_left
from tests.pipeline.project import DIVERGES, SOON, Done, Project, end_of, wait_until

DIVERGED = "lor_vp r=1 · lp · digits · seed 5"


def test_a_stopped_run_goes_on_and_ends_with_the_same_bits(first: FirstRun, project: Project):
    """A run is killed; one with a reordered grid is stopped by Ctrl-C; a third one ends."""
    forget_trials(project)
    project.edit(lambda params: params["compute"].update(workers=2))
    signalled(project, signal.SIGKILL)
    nothing_is_left(project)
    kept = contents(project.store, "trial.json")
    assert 0 < len(kept) < 8

    project.edit(turn_round)
    stopped = signalled(project, signal.SIGINT)
    nothing_is_left(project)
    assert stopped.to_train == 8 - len(kept)
    assert "stopped; finished trials are kept" in stopped.out
    assert "Traceback" not in stopped.out
    assert kept.items() <= contents(project.store, "trial.json").items()

    kept = contents(project.store, "trial.json")
    again = project.dvc("repro")
    assert again.code == 0, again.out
    assert again.to_train == 8 - len(kept) > 0
    assert kept.items() < contents(project.store, "trial.json").items()
    assert results(project).equals(results(first.project))
    assert metrics(project) == metrics(first.project)
    for name in ("weights.safetensors", "predictions.parquet"):
        assert contents(project.prompts, name) == contents(first.project.prompts, name)
    nothing_is_left(project)
    assert list((project.store / ".work").iterdir()) == []


def signalled(project: Project, number: signal.Signals) -> Done:
    """Run `dvc repro` as in a terminal, and signal its group during a trial after the first."""
    with project.started("-m", "dvc", "repro") as process:
        trained = lambda: project.trials(project.store)  # noqa: E731
        _, worker = wait_until(lambda: trained() and held_in_training(project))
        os.killpg(process.pid, number)
        with suppress(psutil.NoSuchProcess):
            worker.resume()
        return end_of(process, SOON)


def turn_round(params: dict) -> None:
    params["grid"]["pixel"].update(mapping=["lp", "ilm"], seed=[1, 0])
    params["compute"].update(workers=1)


@pytest.mark.slow
def test_one_failure_leaves_the_others_alone(project: Project):
    """A killed worker's trial is tried again, a diverging trial is not; a user's Prefect server
    records both."""
    project.edit(add_trials)
    with server(project) as url:
        with project.started("-m", "flows.prompts", PREFECT_API_URL=url) as process:
            fingerprint, worker = wait_until(lambda: held_unless(DIVERGED, project))
            worker.kill()
            failed = end_of(process)
        runs = {run["name"]: run for run in ask(url, "/task_runs/filter")}
        finished = project.trials(project.store)
        killed = finished[fingerprint]["name"]
        said = logs(url, runs[killed])
        project.edit(lambda params: params["compute"].update(workers=1))
        again = project.dvc("repro", PREFECT_API_URL=url)
    death = "WorkerDied: the worker was killed (signal 9)\n"
    assert (failed.code, failed.to_train) == (1, 4)
    assert len(finished) == 11
    assert f"trying again: {killed}: {death}" in failed.out
    assert "1 of 4 trials failed" in failed.out
    assert f"{DIVERGED}: DivergedError: diverged in epoch 0, step " in failed.out
    assert f"trying again: {DIVERGED}" not in failed.out
    assert f"Prefect UI: {url.removesuffix('/api')}" in failed.out
    assert "Traceback" not in failed.out
    assert {name for name, run in runs.items() if run["state"]["type"] == "FAILED"} == {DIVERGED}
    assert "no epoch was good" in runs[DIVERGED]["state"]["message"]
    assert runs[killed]["run_count"] == 2
    assert "memory ran out" not in said
    assert re.search(r"epoch   1: loss \d\.\d+, train \d+\.\d%, val \d+\.\d%", said)

    assert (again.code, again.to_train, again.stages) == (255, 1, ["prompts"])
    assert "1 of 1 trials failed" in again.out
    assert f"{DIVERGED}: DivergedError" in again.out
    tables = project.python("-m", "flows.tables")
    assert tables.code == 2
    assert "1 of 12 trials have no current result" in tables.out
    assert DIVERGED in tables.out
    assert "Traceback" not in tables.out


def held_unless(name: str, project: Project) -> tuple[str, psutil.Process] | None:
    """A trial of another name in training, by its fingerprint, and its worker, suspended."""
    if not (found := held_in_training(project)):
        return None
    fingerprint, worker = found
    log = project.repo / f"data/.work/logs/{fingerprint}.log"
    if log.exists() and fingerprint in (said := log.read_text()) and name not in said:
        return found
    worker.resume()
    return None


def logs(url: str, run: dict) -> str:
    """The log of a task run as the UI shows it."""
    wanted = {"task_run_id": {"any_": [run["id"]]}}
    lines = ask(url, "/logs/filter", logs=wanted, sort="TIMESTAMP_ASC")
    return "\n".join(line["message"] for line in lines)


def add_trials(params: dict) -> None:
    """Add three trials that work, and one that cannot."""
    one = {**params["grid"]["pixel"], "method": {"lor_vp": {"rank": 1}}, "mapping": "lp"}
    params["grid"]["more"] = {**one, "seed": [2, 3, 4]}
    params["grid"]["broken"] = {**one, "training": DIVERGES, "seed": 5}
    params["compute"].update(workers=2)
