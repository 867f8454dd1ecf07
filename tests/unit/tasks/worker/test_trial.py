"""A worker's trial from its files to its place in the store, stopped where it hurts most."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from lorvp import code_digest
from lorvp.datasets import prepared, verified
from lorvp.errors import InputError
from lorvp.files import whole as files
from lorvp.networks import checkpoint
from lorvp.networks.libraries.timm_models import create
from lorvp.trials.finish import ChangedError, forget_network
from lorvp.trials.store import TrialStore
from tasks import jobs
from tasks.jobs import Job, Plan
from tasks.settings import ComputeConfig, TrackingConfig
from tasks.worker import trial as training
from tasks.worker.failures import worth_another_try
from tasks.worker.log import log_file
from tasks.worker.trial import train_and_store
from tests.support.jobs import job_of
from tests.support.networks.checkpoints import FACTS
from tests.support.tiny import dataset, trial

EPOCHS = 4


@pytest.fixture
def job(tmp_path, monkeypatch) -> Job:
    """In a project of its own, where data/ and the store are below the current folder."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    checkpoint.write(Path("data/checkpoints/tiny"), create("test_resnet", 5).eval(), FACTS)
    dataset(Path("data/datasets/noise"))
    forget_network()
    return job_of(trial(epochs=EPOCHS))


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
    [log] = log_file("any").parent.iterdir()
    lines = log.read_text().splitlines()
    return [line.split(maxsplit=2)[2] for line in lines if line[:2] == "20"]


def epochs(lines: list[str]) -> list[str]:
    return [line.removeprefix("INFO    ") for line in lines if " epoch " in line]


def timeless(found) -> list:
    return [dataclasses.replace(epoch, seconds=0, wall_seconds=0) for epoch in found]


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
    low = job_of(trial(epochs=2, precision="bf16"))
    return low.fingerprint, lambda **accepted: train_and_store(
        low, "cpu", TrackingConfig(), **accepted
    )


def test_a_worker_that_is_slow_in_bf16_fails_with_the_plans_message(in_bf16):
    name, train = in_bf16
    with pytest.raises(InputError, match=r"training\.precision is bf16, .*slow_precision: true"):
        train()
    assert not TrialStore(Path("store")).holds(name)


@pytest.mark.hardware
def test_slowness_that_is_accepted_is_told_and_changes_no_bit(in_bf16, monkeypatch):
    name, train = in_bf16
    slow = train(slow_precision=True)
    why = "this processor has no bf16 products, says oneDNN"
    assert f"WARNING bf16 is far slower than fp32 on cpu: {why}" in said()
    assert slow["engine"]["precision"] == f"bfloat16, slow: {why}"
    TrialStore(Path("store")).folder(name).rename("slow")
    forget_network()
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: True)
    assert train()["files"]["weights.safetensors"] == slow["files"]["weights.safetensors"]


def edited(monkeypatch, module: str) -> None:
    """As if the user saved this file after the job was planned."""
    path, original = code_digest.ROOT / module, code_digest._source
    monkeypatch.setattr(
        code_digest, "_source", lambda p: original(p) + b"\nEDITED = 1\n" * (p == path)
    )
    code_digest.forget()


@pytest.fixture
def forgetting():
    yield
    code_digest.forget()


@pytest.mark.parametrize("module", ["lorvp/training/trainer.py", "lorvp/networks/weights_file.py"])
def test_a_worker_that_starts_with_other_code_trains_nothing_under_the_old_name(
    trained, job, monkeypatch, forgetting, module
):
    """As where one has died and its place is taken, by a process that loads what is there then."""
    edited(monkeypatch, module)
    heard = Heard()
    with pytest.raises(ChangedError, match=r"changed while the run went on.*next `dvc repro`") as e:
        trained(heard)
    assert not worth_another_try(e.value)
    assert heard.epochs == []
    assert not TrialStore(Path("store")).holds(job.fingerprint)
    again = job_of(job.point.trial)
    assert again.fingerprint != job.fingerprint
    assert train_and_store(again, "cpu", TrackingConfig())["fingerprint"] == again.fingerprint


def test_a_worker_goes_on_with_the_code_that_it_has_loaded(trained, job, monkeypatch, forgetting):
    """Edits of files that it has read change nothing that it does."""
    code_digest.forget()
    code_digest.hold()
    monkeypatch.setattr(Path, "read_bytes", lambda path: b"EDITED = 1\n")
    assert job_of(job.point.trial).fingerprint == job.fingerprint
    monkeypatch.undo()


WORKER = """
import os, sys
from pathlib import Path
from lorvp import code_digest as code
from tasks.worker.trial import start_worker
code.ROOT = Path(sys.argv[1])
start_worker(os.getppid(), "cpu", code.ROOT)
edited = code.ROOT / "lorvp/training/trainer.py"
edited.write_text(edited.read_text() + "EDITED = 1")
print(code.digest_of(["lorvp.trials.finish"]))
"""


def test_a_worker_takes_the_code_as_it_was_when_it_began(tmp_path):
    shutil.copytree(code_digest.ROOT / "lorvp", tmp_path / "lorvp")
    command = [sys.executable, "-c", WORKER, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=code_digest.ROOT, check=True)
    assert done.stdout.strip() == code_digest.digest_of(["lorvp.trials.finish"])


def test_a_module_that_is_loaded_late_from_an_edited_file_spoils_the_result(
    trained, job, monkeypatch, forgetting
):
    """Such as a library of networks, which is only imported where one is used."""
    code_digest.forget()
    code_digest.hold()
    late = "lorvp.networks.acceleration.stem"
    monkeypatch.setattr(code_digest, "_loaded_before", code_digest._loaded_before - {late})
    trained(Heard())
    TrialStore(Path("store")).folder(job.fingerprint).rename("before")
    held = code_digest._held[code_digest._file(late)]
    monkeypatch.setitem(code_digest._held, code_digest._file(late), held + b"\n")
    with pytest.raises(
        ChangedError, match=r"lorvp\.networks\.acceleration\.stem changed .* loaded after that"
    ):
        trained(Heard())
    assert not TrialStore(Path("store")).holds(job.fingerprint)


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


def damage(path: Path) -> None:
    """One bit, as a disk loses it: neither size nor time of change are others."""
    found, content = path.stat(), bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def test_damaged_images_are_not_trained_on(trained, job):
    damage(job.dataset / "images.npy")
    with pytest.raises(InputError, match=r"images\.npy is damaged: .*`dvc repro` makes it again"):
        trained(Heard())
    assert not TrialStore(Path("store")).holds(job.fingerprint)
    damage(job.dataset / "images.npy")  # the same bit: whole again
    trained(Heard())


def test_a_run_reads_images_before_it_starts_anything(job, flow, monkeypatch):
    monkeypatch.setattr(flow, "make_plan", lambda *_: Plan([job], [job]))
    monkeypatch.setattr(flow, "train_missing", lambda *_: pytest.fail("it has begun"))
    damage(job.dataset / "images.npy")
    jobs._dataset.cache_clear()
    settings = SimpleNamespace(compute=ComputeConfig(device="cpu"))
    with pytest.raises(InputError, match=r"images\.npy is damaged"):
        flow.train(SimpleNamespace(params=settings, shared=()))


def test_images_are_read_in_full_once_in_a_run_and_before_it_begins(job, monkeypatch, capsys):
    read = []
    monkeypatch.setattr(
        prepared, "sha256", lambda path: read.append(path.name) or files.sha256(path)
    )
    monkeypatch.setattr(verified, "LARGE", 1)
    jobs._dataset.cache_clear()
    jobs.require_whole_images(Plan([job], [job]))
    assert "GB of data/datasets/noise/images.npy to see" in capsys.readouterr().out
    assert read == ["images.npy"]
    train_and_store(job, "cpu", TrackingConfig())
    train_and_store(job_of(trial(epochs=1)), "cpu", TrackingConfig())
    assert read.count("images.npy") == 1
    jobs.require_whole_images(Plan([job], [job]))  # another run
    assert read.count("images.npy") == 2
    damage(job.dataset / "images.npy")
    with pytest.raises(InputError, match="damaged"):
        jobs.require_whole_images(Plan([job], [job]))
    jobs.require_whole_images(Plan([job], []))
    damage(job.dataset / "images.npy")
    jobs.require_whole_images(Plan([job], [job]))
    damage(job.dataset / "images.npy")
    with pytest.raises(InputError, match="damaged"):
        train_and_store(job_of(trial(epochs=2)), "cpu", TrackingConfig())
