"""What the engine did, and a precision that is slow: told in the log, kept with the result."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lorvp.errors import InputError
from lorvp.trials.finish import forget_network
from lorvp.trials.store import TrialStore
from tasks.settings import TrackingConfig
from tests.support.jobs import job_of
from tests.support.tiny import trial
from tests.support.training_alone import train_and_store
from tests.support.worker_trials import Heard, said


def test_what_the_engine_did_is_told_and_kept_and_is_no_part_of_the_identity(trained, job):
    record = trained(Heard())
    assert record["engine"] == {
        "linear": "1 of 1 linear layers by oneDNN",
        "precision": "float32",
        "folding": "15 of 15 BatchNorms folded",
        "stem": "stem split",
        "compile": "not compiled: it is for CUDA devices, not for cpu",
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
