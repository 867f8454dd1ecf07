"""A precision that the device of a trial lacks, or is slow in: refused before any work."""

from __future__ import annotations

import pytest
import torch

from lorvp.errors import InputError
from tasks import jobs as plan
from tasks.machine import precision
from tasks.machine.precision import require_fast, require_fast_precisions
from tasks.settings import ComputeConfig
from tests.support.tiny import trial

WHY = "no such products"
MESSAGE = (
    "params.yaml: grid: training.precision is bf16, which cpu computes far slower than fp32: "
    f"{WHY}. Write `precision: fp32`, or accept it with `compute: {{slow_precision: true}}`"
)
CLUSTER = {"cluster": "10.0.0.5:6379", "share": "/mnt/lorvp"}


@pytest.fixture(autouse=True)
def asked(monkeypatch) -> list[tuple[str, str]]:
    """What is asked, and of which device; CPUs and the second GPU are slow in bf16."""
    found = []

    def why_slow(wanted: str, device: str) -> str | None:
        found.append((wanted, device))
        return WHY if wanted == "bf16" and device in ("cpu", "cuda:1") else None

    monkeypatch.setattr(precision, "why_slow", why_slow)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    return found


def test_the_message_names_the_key_and_what_would_do():
    with pytest.raises(InputError) as error:
        require_fast_precisions([trial(), trial(precision="bf16")], ComputeConfig())
    assert str(error.value) == MESSAGE


@pytest.mark.parametrize(
    "compute",
    [
        {},
        {"device": "cpu"},
        {"runner": "dask"},
        {"runner": "ray", "gpus": 0},
    ],
    ids=str,
)
def test_trials_of_this_machine_are_refused_unless_slowness_is_accepted(compute):
    with pytest.raises(InputError):
        require_fast_precisions([trial(precision="bf16")], ComputeConfig(**compute))
    accepted = ComputeConfig(**compute, slow_precision=True)
    require_fast_precisions([trial(precision="bf16")], accepted)


def test_every_gpu_that_trials_may_get_is_asked(monkeypatch, asked):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(InputError, match="which cuda:1 computes far slower"):
        require_fast_precisions([trial(precision="bf16")], ComputeConfig())
    assert asked == [("bf16", "cuda:0"), ("bf16", "cuda:1")]


def test_a_cluster_of_other_machines_is_not_judged_by_this_one(asked):
    compute = ComputeConfig(runner="ray", **CLUSTER)
    require_fast_precisions([trial(precision="bf16")], compute)
    assert asked == []


def test_nobody_is_asked_for_fp32(asked):
    require_fast_precisions([trial(), trial(seed=1)], ComputeConfig())
    require_fast_precisions([], ComputeConfig())
    assert asked == []


TF32 = (
    "params.yaml: grid: training.precision is tf32, which cpu does not have: TF32 is a precision "
    "of NVIDIA cards, from Ampere on, and cpu is none. Write `precision: fp32`"
)


@pytest.mark.parametrize("slow", [False, True], ids=["", "slow accepted"])
def test_a_precision_that_a_device_lacks_is_refused_and_cannot_be_accepted(slow):
    with pytest.raises(InputError) as error:
        require_fast_precisions([trial(precision="tf32")], ComputeConfig(slow_precision=slow))
    assert str(error.value) == TF32
    with pytest.raises(InputError) as error:
        require_fast("tf32", "cpu", allow_slow=slow)
    assert str(error.value) == TF32


def test_a_card_that_has_tf32_gets_it(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_tf32_supported", lambda: True)
    assert require_fast("tf32", "cuda", allow_slow=False) is None


def test_a_worker_refuses_by_itself_or_says_why_it_is_slow():
    with pytest.raises(InputError) as error:
        require_fast("bf16", "cpu", allow_slow=False)
    assert str(error.value) == MESSAGE
    assert require_fast("bf16", "cpu", allow_slow=True) == WHY
    assert require_fast("bf16", "cuda", allow_slow=False) is None


def test_the_plan_asks_for_what_is_missing_alone(monkeypatch, tmp_path):
    """Trials in bf16 that another machine has trained are finished here too."""

    class Jobs:
        def __init__(self, name: str, wanted: str) -> None:
            self.fingerprint = name
            self.point = type("Point", (), {"trial": trial(precision=wanted)})

    jobs = [Jobs("done", "bf16"), Jobs("missing", "fp32")]
    monkeypatch.setattr(plan, "make_jobs", lambda experiment, store: jobs)
    monkeypatch.setattr(plan, "is_finished", lambda job, store: job.fingerprint == "done")
    monkeypatch.setattr(plan, "require_buildable", lambda jobs: None)
    settings = type("Params", (), {"compute": ComputeConfig()})
    experiment = type("Experiment", (), {"params": settings})
    assert plan.make_plan(experiment, None).missing == jobs[1:]
    jobs[1] = Jobs("missing", "bf16")
    with pytest.raises(InputError, match=r"training\.precision is bf16"):
        plan.make_plan(experiment, None)
