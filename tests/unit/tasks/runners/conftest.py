"""A user's data and trial, a share, and the folder of another machine."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
import torch

from lorvp.experiment.trial import Point
from lorvp.networks import checkpoint
from lorvp.networks.libraries.timm_models import create
from lorvp.trials.contents import sealed
from lorvp.trials.run import run
from lorvp.trials.store import TrialStore
from tasks.jobs import Job
from tasks.runners.share import CHECKPOINT_KIND, DATASET_KIND, Share
from tests.support.networks.checkpoints import FACTS
from tests.support.s3 import BUCKET, require_s3, s3
from tests.support.stores import IDENTITY, NAME
from tests.support.tiny import dataset, tiny_network, trial


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A dataset, a checkpoint and a store with a trial, as on the user's machine."""
    root = tmp_path_factory.mktemp("made")
    data = dataset(root / "data")
    torch.manual_seed(0)
    checkpoint.write(root / "net", create("test_resnet", 5).eval(), FACTS)
    facts = {"name": "a trial", "identity": IDENTITY}
    files = sealed(NAME, run(trial(), tiny_network(), data), facts)
    TrialStore(root / "store").put(NAME, files)
    return root


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    require_s3()
    with s3(tmp_path_factory.mktemp("s3")) as variables:
        yield variables


@pytest.fixture(params=["file", "memory", pytest.param("s3", marks=pytest.mark.slow)])
def share(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Share:
    if request.param == "s3":
        for name, value in request.getfixturevalue("object_store").items():
            monkeypatch.setenv(name, value)
        return Share(f"s3://{BUCKET}/{uuid.uuid4().hex}")
    fsspec.filesystem("memory").store.clear()
    urls = {"file": f"file://{tmp_path}/share", "memory": "memory://share"}
    return Share(urls[request.param])


@pytest.fixture
def job(made: Path) -> Job:
    facts = {
        "dataset": DATASET_KIND.digest(made / "data"),
        "checkpoint": CHECKPOINT_KIND.digest(made / "net"),
    }
    point = Point(trial(), "lor_vp", "lp", "")
    return Job(point, facts, NAME, made / "store", made / "data", made / "net")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is another machine's folder as long as we take its part."""
    monkeypatch.setenv("LORVP_NODE", str(tmp_path / "node"))
    return tmp_path / "node"
