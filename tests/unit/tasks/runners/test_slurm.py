"""Slurm: what a job is asked for, and what is refused before a run; tests/pipeline/test_slurm.py
has a real one."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from lorvp.experiment.params import ParamsError
from tasks.machine.devices import devices, here
from tasks.machine.precision import require_fast_precisions
from tasks.runners import cluster as clusters
from tasks.runners.base import runner
from tasks.runners.slurm_runner import OnSlurm
from tasks.settings import ComputeConfig
from tests.support.tiny import trial


def compute(**settings) -> ComputeConfig:
    return ComputeConfig.model_validate({"runner": "slurm", **settings})


@pytest.mark.parametrize(
    "word", ["gpu nodes", "a\n#SBATCH -o /home/a/.bashrc", "$(rm)", "`rm`", "", "-p", "a;b", "a'b"]
)
@pytest.mark.parametrize("key", ["partition", "account", "qos", "constraint", "gpu_type"])
def test_nothing_else_gets_into_a_script_of_shell(key: str, word: str):
    """params.yaml may come from anybody."""
    with pytest.raises(ValueError, match=key):
        compute(slurm={key: word})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"cluster": "tcp://10.0.0.5:8786", "share": "/s"}, "Slurm is found by its program"),
        ({"runner": "dask", "slurm": {"jobs": 2}}, "slurm is for runner: slurm"),
        ({"runner": "local", "slurm": {}}, "slurm is for runner: slurm"),
        ({"device": "cuda"}, "gpus should say"),
        ({"slurm": {"time": 0}}, "time"),
    ],
)
def test_settings_that_do_not_go_together(settings: dict, said: str):
    with pytest.raises(ValueError, match=said):
        compute(**settings)


def test_a_machine_without_slurm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(clusters, "find_spec", lambda name: object())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ParamsError, match=r"compute\.runner: .*no program `sbatch` on PATH"):
        runner(compute()).check()


def test_a_machine_that_submits_needs_no_gpu():
    """Nor is it asked what it has, which says nothing of Slurm's nodes."""
    wanted = compute(device="cuda", gpus=1)
    bf16 = trial(precision="bf16")
    require_fast_precisions([bf16], wanted)
    assert devices(here(wanted))
    assert OnSlurm(compute(gpus=1)).compute.device == "cuda"
    assert OnSlurm(compute()).compute.device == "cpu"


@pytest.fixture
def jobqueue() -> None:
    pytest.importorskip("dask_jobqueue", reason="uv sync --extra slurm")


def directives(settings: ComputeConfig) -> set[str]:
    script = OnSlurm(settings)._script()
    lines = [line.removeprefix("#SBATCH ") for line in script.splitlines() if "#SBATCH" in line]
    return {line for line in lines if not line.startswith(("-e ", "-o ", "-J "))}


def test_what_a_job_is_asked_for(jobqueue, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    wanted = {
        "partition": "gpu,long",
        "time": 90,
        "trials_per_job": 3,
        "memory": 1.5,
        "gpu_type": "a100",
        "account": "p1",
        "qos": "low",
        "constraint": "zen4&ib",
    }
    assert directives(compute(gpus=0.5, cpus=2, slurm=wanted)) == {
        "-p gpu,long",
        "-A p1",
        "-n 1",
        "--cpus-per-task=6",
        "--mem=1500M",
        "-t 90",
        "--gres=gpu:a100:2",
        "--qos=low",
        "--constraint=zen4&ib",
    }


def test_what_is_not_given_is_left_to_the_site(jobqueue, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert directives(compute()) == {"-n 1", "--cpus-per-task=1"}


def test_a_worker_is_the_jobs_own_process_and_knows_what_it_has(jobqueue, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    settings = compute(gpus=0.5, slurm={"trials_per_job": 3})
    words = shlex.split(OnSlurm(settings)._script().splitlines()[-1])
    assert words[:4] == ["exec", sys.executable, "-m", "distributed.cli.dask_worker"]
    assert words[words.index("--nthreads") + 1] == "3"
    assert words[words.index("--resources") + 1] == "CPU=3,GPU=2"
