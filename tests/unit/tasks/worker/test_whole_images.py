"""Images are read in full, once in a run, before anything is trained on them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from lorvp.datasets import prepared, verified
from lorvp.errors import InputError
from lorvp.files import whole as files
from lorvp.trials.store import TrialStore
from tasks import jobs
from tasks.jobs import Plan
from tasks.settings import ComputeConfig, TrackingConfig
from tests.support.jobs import job_of
from tests.support.tiny import trial
from tests.support.training_alone import train_and_store
from tests.support.worker_trials import Heard, damage


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
        flow.train(SimpleNamespace(params=settings, shared=(), searches=()))


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
