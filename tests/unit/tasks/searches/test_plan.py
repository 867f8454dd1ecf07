"""The plan of a grid with searches, round by round, with made-up results."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lorvp.errors import InputError
from lorvp.networks import checkpoint
from lorvp.networks.libraries.timm_models import create
from lorvp.trials.contents import sealed
from lorvp.trials.result import Result
from lorvp.trials.run import run
from lorvp.trials.store import TrialStore
from tasks import jobs as plans
from tasks import settings
from tasks.jobs import Job, Plan
from tasks.paths import PROMPTS, WORK
from tasks.searches.plan import ended, final_jobs, forget_states, make_plan
from tests.support.experiments import block, params
from tests.support.networks.checkpoints import FACTS
from tests.support.tiny import dataset, tiny_network, trial

RATE = "lr: {low: 0.001, high: 100, log: true}"
LINES = {"method": "lor_vp", "mapping": "lp", "seed": "[0, 1]", "training": "{epochs: 9}"}


@pytest.fixture
def store(tmp_path, monkeypatch) -> TrialStore:
    """An empty store, beside a prepared dataset and network."""
    monkeypatch.chdir(tmp_path)
    plans.manifest_of.cache_clear()
    plans._dataset.cache_clear()
    checkpoint.write(Path("data/checkpoints/net"), create("test_resnet", 5).eval(), FACTS)
    dataset(Path("data/datasets/digits"))
    return TrialStore(Path("store"))


@pytest.fixture(scope="module")
def result(tmp_path_factory) -> Result:
    data = dataset(tmp_path_factory.mktemp("data") / "noise")
    return run(trial(epochs=1), tiny_network(), data)


def experiment(tune: str, **lines) -> settings.RunExperiment:
    Path("params.yaml").write_text(params(block(tune=tune, **(LINES | lines))))
    return settings.read()


def finish(job: Job, result: Result, store: TrialStore, diverges: bool = False) -> None:
    """Store a result for a trial; smaller rates are better."""
    made = job.point.trial
    if "search" in job.point.tags:
        accuracy = 1 / (1 + made.training.lr)
        summary = {"val_accuracy": accuracy, "val_loss": 1.0, "epochs": made.stop_after or 9}
        bad = {"val_accuracy": None, "diverged": "diverged in epoch 0, step 1", "epochs": 1}
        result = replace(result, state={}, test=None, test_labels_N=None,
                         summary=bad if diverges else summary)  # fmt: skip
    facts = {"name": job.point.name, "identity": job.identity}
    store.put(job.fingerprint, sealed(job.fingerprint, result, facts))


def to_the_end(asked, result, store, diverges: bool = False) -> tuple[Plan, list[list[Job]]]:
    """The last plan, and what was missing in each of those before."""
    rounds: list[list[Job]] = []
    while (plan := make_plan(asked, store)).missing:
        rounds.append(plan.missing)
        for job in plan.missing:
            finish(job, result, store, diverges)
    return plan, rounds


def test_rounds_and_rungs_come_one_after_the_other_and_the_chosen_setting_last(store, result):
    plan, rounds = to_the_end(experiment(f"{{budget: 12, {RATE}}}"), result, store)
    assert [len(missing) for missing in rounds] == [8, 3, 1, 4, 2, 1, 2]
    tags = [missing[0].point.tags for missing in rounds]
    assert tags[:3] == [("search", "round 1", f"rung {n}") for n in (1, 2, 3)]
    assert tags[-1] == ("tuned",)
    assert [job.point.name for job in plan.jobs] == [
        f"lor_vp r=4 tuned=12 · lp · digits · seed {seed}" for seed in (0, 1)
    ]
    best = min(job.point.trial.training.lr for missing in rounds[:-1] for job in missing
               if job.point.trial.stop_after is None)  # fmt: skip
    assert {job.point.trial.training.lr for job in plan.jobs} == {best}
    assert not any(hasattr(job.point.trial, "part") for job in plan.jobs)
    assert len(plan.searched) == sum(map(len, rounds[:-1]))


def test_a_larger_budget_trains_what_is_new_and_a_lower_one_again_nothing(store, result):
    small = f"{{budget: 8, {RATE}}}"
    first, _ = to_the_end(experiment(small), result, store)
    before = {path.name for path in store.root.iterdir()}
    larger, rounds = to_the_end(experiment(f"{{budget: 16, {RATE}}}"), result, store)
    assert len(rounds[0]) == 4
    assert before.isdisjoint(job.fingerprint for missing in rounds for job in missing)
    again, nothing = to_the_end(experiment(small), result, store)
    assert nothing == []
    assert [j.fingerprint for j in again.jobs] == [j.fingerprint for j in first.jobs]
    assert {j.fingerprint for j in first.searched} < {j.fingerprint for j in larger.searched}


def test_a_search_in_which_every_setting_diverges_is_named_and_others_are_finished(store, result):
    asked = experiment(f"{{budget: 8, {RATE}}}", method="{lor_vp: , none: }")
    while (plan := make_plan(asked, store)).missing:
        for job in plan.missing:
            finish(job, result, store, diverges=job.point.method.startswith("lor_vp"))
    assert plan.problems == [
        "lor_vp r=4 tuned=8 · lp · digits: none of the 8 settings tried is of use "
        "(8 × diverged in epoch 0)"
    ]
    assert [job.point.method for job in plan.jobs] == ["none tuned=8"] * 2
    store.show([job.fingerprint for job in plan.every], PROMPTS, WORK)
    with pytest.raises(InputError, match=r"none of the 8 settings tried is of use"):
        final_jobs(asked)


def test_a_choice_that_cannot_be_built_counts_as_tried_and_the_others_are_trained(store, result):
    asked = experiment("{budget: 8, width: [4, 4000]}", method="pad")
    plan, rounds = to_the_end(asked, result, store)
    assert {job.point.trial.method.width for job in (*plan.jobs, *plan.searched)} == {4}
    (search,) = ended_in(asked, plan, store)
    assert {one.values["width"] for one in search.replay.tried if one.why} == {4000}
    assert rounds, "something was trained"
    plan, rounds = to_the_end(experiment("{budget: 4, width: [4000]}", method="pad"), result, store)
    assert rounds == []
    assert "none of the 4 settings tried is of use (4 × " in plan.problems[0]


def ended_in(asked, plan: Plan, store: TrialStore):
    store.show([job.fingerprint for job in plan.every], PROMPTS, WORK)
    return ended(asked)


def test_what_changes_nothing_is_not_searched(store, result):
    """Without a prompt the probe alone is trained; with a frequency mapping nothing is at all."""
    tune = f"{{budget: 4, {RATE}, lr_mapping: {{low: 0.1, high: 1}}, lr_placement: [1, 2]}}"
    asked = experiment(tune, method="none", mapping="[lp, ilm]")
    plan, _ = to_the_end(asked, result, store)
    probe, nothing = ended_in(asked, plan, store)
    assert [key.name for key in probe.replay.keys] == ["lr_mapping"]
    assert (nothing.replay.keys, nothing.replay.tried) == ((), [])
    assert len(nothing.finals) == 2, "it is trained as it is written"
    both = experiment(tune, method="lor_vp", mapping="[lp, ilm]")
    plan, _ = to_the_end(both, result, store)
    names = [[key.name for key in found.replay.keys] for found in ended_in(both, plan, store)]
    assert names == [["lr", "lr_mapping"], ["lr"]]


def test_tables_are_made_of_searches_that_have_an_end(store, result):
    asked = experiment(f"{{budget: 8, {RATE}}}")
    with pytest.raises(InputError, match="1 of 1 searches have no end in data/prompts"):
        final_jobs(asked)
    plan, _ = to_the_end(asked, result, store)
    with pytest.raises(InputError, match="no end"):
        final_jobs(asked)
    store.show([job.fingerprint for job in plan.every], PROMPTS, WORK)
    assert [j.fingerprint for j in final_jobs(asked)] == [j.fingerprint for j in plan.jobs]
    next(PROMPTS.glob("*/history.json")).write_text("damaged")
    with pytest.raises(InputError, match=r"no end|no current result"):
        plans.require_results(final_jobs(asked))


def test_states_are_kept_as_long_as_a_search_can_go_on_from_them(store, result):
    asked = experiment(f"{{budget: 8, {RATE}}}")
    plan = make_plan(asked, store)
    for job in plan.missing:
        store.resume(job.state).save({"stands": 3})
        finish(job, result, store)
    goes_on = make_plan(asked, store)
    store.tidy()
    forget_states(goes_on, store)
    assert all(store.resume(job.state).load() for job in goes_on.missing)
    assert {j.state for j in goes_on.missing} < {j.state for j in plan.missing}
    last, _ = to_the_end(asked, result, store)
    forget_states(last, store)
    assert not any(path.is_file() for path in (store.root / ".resume").iterdir())


def test_a_trial_that_is_written_down_too_is_trained_once(store, result):
    Path("params.yaml").write_text(
        params(block("a", method="none", mapping="ilm"),
               block("b", method="none", mapping="ilm", tune=f"{{budget: 8, {RATE}}}"))
    )  # fmt: skip
    plan = make_plan(settings.read(), store)
    assert len(plan.jobs) == 2
    assert len(plan.missing) == 1
