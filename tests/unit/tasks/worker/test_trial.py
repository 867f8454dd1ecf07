"""A worker's trial from its files to its place in the store, stopped where it hurts most."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from lorvp.errors import InputError
from lorvp.trials.finish import ChangedError
from lorvp.trials.store import TrialStore
from tasks.settings import TrackingConfig
from tests.support.jobs import job_of
from tests.support.tiny import dataset, trial
from tests.support.training_alone import train_and_store
from tests.support.worker_trials import EPOCHS, Heard, epochs, said, timeless


def test_a_stopped_trial_is_told_of_whole_to_a_tracker_that_starts_anew(trained, job):
    """W&B's run of a trial that goes on takes the place of the one that was stopped."""
    with pytest.raises(ConnectionError):
        trained(Heard(stop=2))
    store = TrialStore(Path("store"))
    assert not store.holds(job.fingerprint)
    assert store.resume(job.fingerprint).path.exists()
    again = Heard()
    record = trained(again)
    assert [epoch.epoch for epoch in again.epochs] == list(range(EPOCHS))
    assert again.summaries == [record["summary"]]
    assert [line[:9] for line in epochs(said())] == [f"epoch   {e}" for e in (0, 1, 2, 2, 3)]
    assert not store.resume(job.fingerprint).path.exists()
    assert store.holds(job.fingerprint)
    store.lock(job.fingerprint).acquire(blocking=False)


def test_it_ends_with_the_same_record_and_the_same_bytes_as_undisturbed(trained, job):
    store = TrialStore(Path("store"))
    undisturbed = Heard()
    expected = trained(undisturbed)
    store.folder(job.fingerprint).rename("expected")
    with pytest.raises(ConnectionError):
        trained(Heard(stop=1))
    heard = Heard()
    record = trained(heard)
    assert timeless(heard.epochs) == timeless(undisturbed.epochs)
    for name in ("weights.safetensors", "predictions.parquet"):
        assert record["files"][name] == expected["files"][name], name
    assert dict(record["summary"], seconds=0, wall_seconds=0) == dict(
        expected["summary"], seconds=0, wall_seconds=0
    )


def test_a_trial_that_another_process_has_finished_is_not_trained(trained, job):
    first = trained(Heard())
    heard = Heard()
    assert trained(heard) == first
    assert heard.epochs == []
    assert len(epochs(said())) == EPOCHS


def test_less_memory_is_told_and_kept_with_the_result(trained, job):
    """The last bits of what it computes may be others."""
    assert trained(Heard())["environment"]["pieces of a batch"] == 1
    TrialStore(Path("store")).folder(job.fingerprint).rename("whole")
    record = trained(Heard(), halvings=2)
    assert record["environment"]["pieces of a batch"] == 4
    assert "WARNING memory ran out before: a batch goes through in 4 pieces" in said()


def test_it_is_repeatable_whoever_calls(trained):
    """What calls it is in no fingerprint, so it does not rely on that to ask for the same bits."""
    torch.set_num_threads(2)
    torch.set_deterministic_debug_mode("default")
    told = Heard()
    told.summary = lambda _: told.summaries.append(
        (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled())
    )
    try:
        trained(told)
    finally:
        torch.set_num_threads(1)
        torch.set_deterministic_debug_mode("error")
    assert told.summaries == [(1, True)]


@pytest.mark.parametrize("other", [{"seed": 1}, {"epochs": EPOCHS + 1}])
def test_another_trial_than_the_jobs_is_not_trained_under_its_name(job, other):
    wanted = dataclasses.replace(job, point=job_of(trial(**{"epochs": EPOCHS} | other)).point)
    with pytest.raises(ChangedError, match="settings changed"):
        train_and_store(wanted, "cpu", TrackingConfig())


def test_other_data_than_the_jobs_is_not_trained_on_under_its_name(trained, job):
    dataset(Path("data/datasets/noise"), seed=1)
    with pytest.raises(ChangedError, match="dataset changed"):
        trained(Heard())


def test_a_result_that_is_changed_on_its_way_into_the_store_is_not_stored(
    trained, job, monkeypatch
):
    put = TrialStore.put
    for name in ("weights.safetensors", "history.json", "predictions.parquet", "trial.json"):
        monkeypatch.setattr(
            TrialStore,
            "put",
            lambda self, fingerprint, files, name=name: put(
                self, fingerprint, files | {name: files[name].replace(b"1", b"2")}
            ),
        )
        with pytest.raises(InputError, match="does not give back what was written"):
            trained(Heard())
        assert not TrialStore(Path("store")).holds(job.fingerprint)
