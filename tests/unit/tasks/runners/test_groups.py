"""Which trials are handed out together: by what they are, and by no list of names."""

from __future__ import annotations

import dataclasses
import itertools
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lorvp.experiment.trial import Trial
from lorvp.mappings.linear import LpConfig
from lorvp.networks import checkpoint
from lorvp.networks.libraries.timm_models import create
from lorvp.prompts.methods.full_finetune import FullFinetuneConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.prompts.methods.pad import PadConfig
from tasks.jobs import Job
from tasks.runners import groups
from tasks.runners.groups import planned
from tasks.runners.local import OnThisMachine
from tasks.settings import ComputeConfig
from tests.support.jobs import job_of
from tests.support.networks.checkpoints import FACTS
from tests.support.tiny import dataset, trial

THREE = ComputeConfig(lanes=3)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    checkpoint.write(Path("data/checkpoints/tiny"), create("test_resnet", 5).eval(), FACTS)
    dataset(Path("data/datasets/noise"))
    groups._common.cache_clear()


def seeds(number: int, method=None, mapping=None, **settings) -> list[Job]:
    return [job_of(trial(method, mapping, seed, **settings)) for seed in range(number)]


def sizes(jobs: list[Job], compute: ComputeConfig = THREE, places: int = 1) -> list[list[int]]:
    """The groups as places in the list of jobs."""
    found = planned(jobs, compute, ["cpu"] * places)
    assert sorted(job.fingerprint for group in found for job in group.jobs) == sorted(
        job.fingerprint for job in jobs
    ), "each is in one group"
    return [[jobs.index(job) for job in group.jobs] for group in found]


def test_seeds_methods_and_what_else_is_a_trials_own_are_mixed():
    own = [LorVpConfig(rank=1), LorVpConfig(rank=2), PadConfig(width=2)]
    jobs = [job_of(trial(method)) for method in own]
    jobs += seeds(2, lr=0.5) + seeds(1, epochs=9)
    assert sizes(jobs) == [[0, 1, 2], [3, 4, 5]]


def test_what_all_lanes_share_is_not_mixed():
    jobs = seeds(2) + seeds(2, batch_size=3) + seeds(1, precision="bf16")
    jobs += seeds(1, test_every_epoch=True) + seeds(1, lr=0.1)
    assert sizes(jobs) == [[0, 1, 6], [2, 3], [4], [5]]


def test_what_is_cached_or_reaches_inside_the_network_is_alone():
    probe, inside = seeds(2, NoneConfig()), seeds(2, FullFinetuneConfig())
    plan = planned([*probe, *seeds(2), *inside], THREE, ["cpu"])
    assert [(len(group.jobs), group.width) for group in plan] == [
        (1, 1), (1, 1), (2, 3), (1, 1), (1, 1),
    ]  # fmt: skip


def test_who_is_alone_is_asked_of_the_model_and_not_of_its_name(monkeypatch: pytest.MonkeyPatch):
    """As for somebody's own method, whose name nobody here has heard of."""
    jobs = seeds(3)
    assert sizes(jobs) == [[0, 1, 2]]
    built = LorVpConfig.build

    def build(self, canvas):
        prompt = built(self, canvas)
        inside = {"inside_network": property(lambda self: True)}
        prompt.__class__ = type("Own", (type(prompt),), inside)
        return prompt

    monkeypatch.setattr(LorVpConfig, "build", build)
    groups._common.cache_clear()
    assert sizes(jobs) == [[0], [1], [2]]


@pytest.mark.parametrize(
    ("trials", "places", "expected"),
    [(7, 1, [3, 3, 1]), (4, 2, [2, 2]), (3, 2, [2, 1]), (2, 4, [1, 1]), (9, 2, [3, 3, 3])],
)
def test_work_is_spread_over_places_and_no_group_is_filled_up(trials, places, expected):
    plan = planned(seeds(trials), THREE, ["cpu"] * places)
    assert [len(group.jobs) for group in plan] == expected
    assert {group.width for group in plan} == {3}, "bits depend on it, so not on the places"


def test_other_data_and_other_networks_are_other_groups():
    one, other, third = seeds(3)
    jobs = [
        one,
        dataclasses.replace(other, dataset=Path("data/datasets/../datasets/noise")),
        dataclasses.replace(third, checkpoint=Path("data/checkpoints/../checkpoints/tiny")),
    ]
    assert sizes(jobs) == [[0], [1], [2]]


def test_on_a_cpu_each_is_alone_unless_lanes_are_asked_for():
    assert sizes(seeds(3), ComputeConfig()) == [[0], [1], [2]]


@pytest.mark.parametrize(("lanes", "workers", "threads"), [(3, 1, 3), (3, 2, 4), (1, 2, 2)])
def test_prefect_has_threads_for_all_that_train_so_that_others_wait(lanes, workers, threads):
    """Four trials: two places have groups of two."""
    compute = ComputeConfig(lanes=lanes, workers=workers, device="cpu")
    runner = OnThisMachine(compute).task_runner(seeds(4))
    assert runner._max_workers == threads
    nothing = OnThisMachine(compute).task_runner([])
    assert nothing._max_workers == workers


def test_a_plan_of_a_grid_asks_each_kind_of_trial_once(monkeypatch: pytest.MonkeyPatch):
    """A grid may have thousands of trials, and building a prompt takes milliseconds."""
    asked = []
    monkeypatch.setattr(groups, "company", lambda *given: asked.append(given) or b"all")
    jobs = [*itertools.chain(*(seeds(20, LorVpConfig(rank=rank)) for rank in (1, 2)))]
    planned(jobs, THREE, ["cpu"])
    assert [one.method.rank for one, *_ in asked] == [1, 2]
    assert all(isinstance(one, Trial) for one, *_ in asked)
    assert isinstance(jobs[0].point.trial.mapping, LpConfig)


def test_a_run_without_a_gpu_imports_no_measuring_of_memory():
    """It brings Triton, which is 75 MB more in the run's process."""
    script = "import sys, tasks.runners.local; print('triton' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "False\n"
