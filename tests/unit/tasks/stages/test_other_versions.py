"""Trials that other versions made: counted as finished, told of, and made again when asked for."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import polars as pl
import pytest

from lorvp.errors import InputError
from lorvp.experiment.trial import Point
from lorvp.files.whole import to_json
from lorvp.networks import checkpoint
from lorvp.networks.libraries.timm_models import create
from lorvp.results.page.remarks import Facts, made_differently
from lorvp.trials.contents import sealed
from lorvp.trials.finish import described
from lorvp.trials.run import run
from lorvp.trials.store import TrialStore
from lorvp.trials.verified import is_whole, read_record
from lorvp.trials.versions import differences, environment
from tasks import jobs as plan
from tasks.jobs import Job, Plan
from tasks.settings import ComputeConfig
from tasks.stages import other_versions
from tests.support.networks.checkpoints import FACTS
from tests.support.tiny import dataset, identified, tiny_network, trial

HERE = ComputeConfig(device="cpu")
IDENTITIES = dict(map(identified, range(3)))
NAMES = list(IDENTITIES)


@pytest.fixture
def jobs(tmp_path, monkeypatch) -> list[Job]:
    """Three finished trials; each is in the store and shown."""
    monkeypatch.chdir(tmp_path)
    plan.manifest_of.cache_clear()
    network = checkpoint.write(Path("data/checkpoints/net"), create("test_resnet", 5).eval(), FACTS)
    data = dataset(Path("data/datasets/noise"))
    result, store = run(trial(epochs=1), tiny_network(), data), TrialStore(Path("store"))
    facts = described(trial(), data, network)
    facts["environment"] = dict(environment("cpu", network.library))
    for name in NAMES:
        store.put(
            name, sealed(name, result, {"name": "one", "identity": IDENTITIES[name], **facts})
        )
    store.show(NAMES, Path("data/prompts"), Path("data/.work"))
    point, places = Point(trial(), "lor_vp", "lp", ""), (data.folder, Path("data/checkpoints/net"))
    return [Job(point, {}, name, store.root, *places) for name in NAMES]


def of_another(job: Job, **environment: str) -> None:
    """As if it had been trained there."""
    store = TrialStore(job.store)
    record = read_record(store.folder(job.fingerprint))
    record["environment"] |= environment
    (store.folder(job.fingerprint) / "trial.json").write_text(to_json(record))


def test_nothing_is_said_where_all_is_as_it_was(jobs):
    assert other_versions.notes(jobs, HERE) == []


def test_it_is_said_by_what_they_were_made(jobs):
    of_another(jobs[0], torch="2.14.1")
    of_another(jobs[1], torch="2.14.1")
    of_another(jobs[2], timm="1.0.1", device="NVIDIA H100")
    now = environment("cpu", "timm")
    two, one = other_versions.notes(jobs, HERE)
    assert two.startswith("note: 2 finished trials were made with torch 2.14.1; here it is torch ")
    assert f"torch {now['torch']}. `uv run python -m flows.prompts --again`" in two
    assert "1 finished trials were made with timm 1.0.1, device NVIDIA H100;" in one
    assert f"here it is timm {now['timm']}, device cpu." in one


def test_a_run_says_so_first(jobs, flow, monkeypatch, capsys):
    of_another(jobs[2], timm="1.0.1")
    monkeypatch.setenv("LORVP_STORE", "store")
    monkeypatch.setattr(flow, "make_plan", lambda *_: Plan(jobs, []))
    asked = SimpleNamespace(params=SimpleNamespace(compute=HERE), shared=(), searches=())
    assert flow.train(asked) == 0
    first, note = capsys.readouterr().out.splitlines()
    assert first == "3 trials in the grid: 3 finished, 0 to train"
    assert note.startswith("note: 1 finished trials were made with timm 1.0.1; here it is timm ")


def test_of_a_cluster_nobody_knows_the_machines(jobs):
    of_another(jobs[2], timm="1.0.1", device="NVIDIA H100", processor="another")
    (said,) = other_versions.notes(jobs, ComputeConfig(runner="ray", device="cpu"))
    assert "timm 1.0.1; here it is timm" in said


def test_set_aside_they_are_missing_and_not_lost(jobs):
    of_another(jobs[1], torch="2.14.1")
    again = other_versions.set_aside(Plan(jobs, []), HERE)
    assert again.missing == [jobs[1]]
    assert [plan.is_finished(job, TrialStore(job.store)) for job in jobs] == [True, False, True]
    kept = Path("store/.aside") / NAMES[1]
    assert read_record(kept)["environment"]["torch"] == "2.14.1"
    assert not (Path("data/prompts") / NAMES[1]).exists()
    assert is_whole(Path("data/prompts") / NAMES[2])


def test_what_cannot_be_trained_here_stays_where_it_is(jobs):
    of_another(jobs[1], torch="2.14.1")
    bf16 = [replace(job, point=Point(trial(precision="bf16"), "lor_vp", "lp", "")) for job in jobs]
    with (
        patch("tasks.machine.precision.why_slow", lambda *_: "it is old"),
        pytest.raises(InputError, match="precision is bf16, which cpu computes far slower"),
    ):
        other_versions.set_aside(Plan(bf16, []), HERE)
    assert all((root / name).exists() for name in NAMES for root in (Path("store"), plan.PROMPTS))
    assert not Path("store/.aside").exists()


def test_a_finished_trial_is_verified_once_and_a_pulled_one_is_adopted(jobs, monkeypatch):
    asked = []
    whole = lambda folder: asked.append(str(folder)) or is_whole(folder)  # noqa: E731
    monkeypatch.setattr("lorvp.trials.store.is_whole", whole)
    assert plan.is_finished(jobs[0], TrialStore(Path("store")))
    assert asked == [f"store/{NAMES[0]}"]
    shutil.rmtree(Path("store") / NAMES[1])
    assert plan.is_finished(jobs[1], TrialStore(Path("store")))
    shutil.rmtree(Path("store") / NAMES[2])
    shutil.rmtree(Path("data/prompts") / NAMES[2])
    assert not plan.is_finished(jobs[2], TrialStore(Path("store")))


def test_a_plan_after_training_and_before_training_again(jobs):
    whole = Plan(jobs, jobs[1:])
    assert whole.finished == jobs[:1]
    assert whole.with_results_of(jobs[2:]).missing == jobs[1:2]
    assert whole.with_results_of(jobs[2:]).finished == [jobs[0], jobs[2]]
    assert Plan(jobs, jobs[2:]).without_results_of(jobs[:1]).missing == [jobs[0], jobs[2]]


def test_the_processor_counts_where_it_computes():
    cpu = {"torch": "2", "processor": "a", "device": "cpu", "python": "3.11", "lorvp": "1"}
    gpu = cpu | {"device": "H100"}
    assert differences(cpu, cpu | {"processor": "b", "python": "3.12", "lorvp": "2"}) == {
        "processor": "a"
    }
    assert differences(gpu, gpu | {"processor": "b"}) == {}
    assert differences(gpu, cpu) == {"device": "H100"}
    assert differences({}, {"torch": "2"}) == {"torch": "unknown"}


def results() -> pl.DataFrame:
    rows = [("a", "none", 0), ("b", "none", 1), ("c", "full", 0), ("d", "full", 1)]
    same = {"dataset": "x", "network": "y", "training": "", "mapping": "lp"}
    return pl.DataFrame([{"trial": t, "method": m, "seed": s, **same} for t, m, s in rows])


def made(**others: str) -> dict[str, dict[str, str]]:
    return {trial: {"torch": others.get(trial, "2.15.0"), "lorvp": trial} for trial in "abcd"}


def test_one_table_of_one_version_needs_no_remark():
    assert list(made_differently(Facts(results(), {}, made()))) == []


def test_rows_of_other_versions_are_remarked_upon():
    (said,) = made_differently(Facts(results(), {}, made(a="2.14.1", b="2.14.1")))
    assert "the same torch: 2 with 2.14.1, 2 with 2.15.0" in said
    assert "Seeds of one mean" not in said


def test_a_mean_over_seeds_of_several_versions_is_named():
    (said,) = made_differently(Facts(results(), {}, made(d="2.14.1")))
    assert said.endswith("Seeds of one mean: full lp.")


def test_a_record_of_before_is_of_an_unknown_version():
    environments = made() | {"b": {}}
    (said,) = made_differently(Facts(results(), {}, environments))
    assert "3 with 2.15.0, 1 with unknown" in said
