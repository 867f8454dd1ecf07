"""A job in a project of its own, and the function that trains it."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from lorvp.networks import checkpoint
from lorvp.networks.libraries.timm_models import create
from lorvp.trials.finish import forget_network
from tasks.jobs import Job
from tasks.settings import TrackingConfig
from tasks.worker import lane as training
from tests.support.jobs import job_of
from tests.support.networks.checkpoints import FACTS
from tests.support.tiny import dataset, trial
from tests.support.training_alone import train_and_store
from tests.support.worker_trials import EPOCHS, Heard


@pytest.fixture
def job(tmp_path, monkeypatch) -> Job:
    """In a project of its own, where data/ and the store are below the current folder."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    checkpoint.write(Path("data/checkpoints/tiny"), create("test_resnet", 5).eval(), FACTS)
    dataset(Path("data/datasets/noise"))
    forget_network()
    return job_of(trial(epochs=EPOCHS))


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
