"""A worker's trial from its files to its place in the store, stopped where it hurts most."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from lorvp.errors import InputError
from lorvp.networks import checkpoint
from lorvp.networks.facts import Facts
from lorvp.networks.libraries.timm_models import create
from lorvp.params import TrackingConfig
from lorvp.store import TrialStore
from lorvp.trials import Point
from tasks import training
from tasks.plan import Job
from tasks.training import train_and_store
from tasks.trial_logs import log_file

from .tiny import dataset, trial

NAME, EPOCHS = "0123456789abcdef0123", 4
FACTS = Facts(
    library="timm",
    architecture="test_resnet",
    input_size=(32, 32),
    mean=[0.5] * 3,
    std=[0.25] * 3,
    interpolation="bicubic",
    class_names=list("ABCDE"),
    source="random weights",
)


@pytest.fixture
def job(tmp_path, monkeypatch) -> Job:
    """In a project of its own, where data/ and the store are below the current folder."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    checkpoint.write(Path("data/checkpoints/tiny"), create("test_resnet", 5).eval(), FACTS)
    dataset(Path("data/datasets/noise"))
    point = Point(trial(epochs=EPOCHS), "lor_vp r=2", "lp", "")
    training._network.cache_clear()
    places = Path("data/datasets/noise"), Path("data/checkpoints/tiny")
    return Job(point, {"dataset": "d", "checkpoint": "c"}, NAME, Path("store"), *places)


class Heard:
    """A tracker that remembers, and stops the training where it is told to."""

    def __init__(self, stop: int | None = None) -> None:
        self.stop, self.epochs, self.summaries = stop, [], []

    def epoch(self, epoch) -> None:
        self.epochs.append(epoch)
        if epoch.epoch == self.stop:
            raise ConnectionError("the tracker's server is gone")

    def summary(self, summary) -> None:
        self.summaries.append(summary)


@pytest.fixture
def trained(job, monkeypatch):
    """Train the job with a tracker in place of W&B's."""

    def train(heard: Heard, halvings: int = 0) -> dict:
        @contextmanager
        def track(job, tracking, log, earlier):
            heard.epochs += earlier()
            yield heard

        monkeypatch.setattr(training, "track", track)
        return train_and_store(job, "cpu", TrackingConfig(), halvings)

    return train


def said() -> list[str]:
    """Without the time of day, and without the lines of tracebacks."""
    lines = log_file(NAME).read_text().splitlines()
    return [line.split(maxsplit=2)[2] for line in lines if line[:2] == "20"]


def epochs(lines: list[str]) -> list[str]:
    return [line.removeprefix("INFO    ") for line in lines if " epoch " in line]


def timeless(found) -> list:
    return [dataclasses.replace(epoch, seconds=0, wall_seconds=0) for epoch in found]


def test_a_stopped_trial_is_told_of_whole_to_a_tracker_that_starts_anew(trained, tmp_path):
    """W&B's run of a trial that goes on takes the place of the one that was stopped."""
    with pytest.raises(ConnectionError):
        trained(Heard(stop=2))
    store = TrialStore(Path("store"))
    assert not store.holds(NAME)
    assert store.resume(NAME).path.exists()
    again = Heard()
    record = trained(again)
    assert [epoch.epoch for epoch in again.epochs] == list(range(EPOCHS))
    assert again.summaries == [record["summary"]]
    assert [line[:9] for line in epochs(said())] == [f"epoch   {e}" for e in (0, 1, 2, 2, 3)]
    assert not store.resume(NAME).path.exists()
    assert store.holds(NAME)
    store.lock(NAME).acquire(blocking=False)


def test_it_ends_with_the_same_record_and_the_same_bytes_as_undisturbed(trained, job):
    store = TrialStore(Path("store"))
    undisturbed = Heard()
    expected = trained(undisturbed)
    store.folder(NAME).rename("expected")
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


def test_a_trial_that_another_process_has_finished_is_not_trained(trained):
    first = trained(Heard())
    heard = Heard()
    assert trained(heard) == first
    assert heard.epochs == []
    assert len(epochs(said())) == EPOCHS


def test_less_memory_is_told_and_kept_with_the_result(trained):
    """The last bits of what it computes may be others."""
    assert trained(Heard())["environment"]["pieces of a batch"] == 1
    TrialStore(Path("store")).folder(NAME).rename("whole")
    record = trained(Heard(), halvings=2)
    assert record["environment"]["pieces of a batch"] == 4
    assert "WARNING memory ran out before: a batch goes through in 4 pieces" in said()


def test_what_the_engine_did_is_told_and_kept_and_is_no_part_of_the_identity(trained, job):
    record = trained(Heard())
    assert record["engine"] == {
        "linear": "1 of 1 linear layers by oneDNN",
        "precision": "float32",
        "folding": "15 of 15 BatchNorms folded",
        "stem": "stem split",
    }
    assert record["identity"] == job.identity
    assert "INFO    network: " + "; ".join(record["engine"].values()) in said()


@pytest.fixture
def in_bf16(job, monkeypatch):
    """Train the job in bf16 on a processor without it, or one that is said to be so."""
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    low = dataclasses.replace(job.point, trial=trial(epochs=2, precision="bf16"))

    def train(**accepted: bool) -> dict:
        asked = dataclasses.replace(job, point=low)
        return train_and_store(asked, "cpu", TrackingConfig(), **accepted)

    return train


def test_a_worker_that_is_slow_in_bf16_fails_with_the_plans_message(in_bf16):
    with pytest.raises(InputError, match=r"training\.precision is bf16, .*slow_precision: true"):
        in_bf16()
    assert not TrialStore(Path("store")).holds(NAME)


@pytest.mark.hardware
def test_slowness_that_is_accepted_is_told_and_changes_no_bit(in_bf16, monkeypatch):
    slow = in_bf16(slow_precision=True)
    why = "this processor has no bf16 products, says oneDNN"
    assert f"WARNING bf16 is far slower than fp32 on cpu: {why}" in said()
    assert slow["engine"]["precision"] == f"bfloat16, slow: {why}"
    TrialStore(Path("store")).folder(NAME).rename("slow")
    training._network.cache_clear()
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: True)
    assert in_bf16()["files"]["weights.safetensors"] == slow["files"]["weights.safetensors"]
