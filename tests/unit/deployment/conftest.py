"""A project with trained prompts, as the pipeline leaves it."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import torch
from PIL import Image

from lorvp.datasets import prepared
from lorvp.datasets.prepared import Prepared
from lorvp.deployment import bundle as bundles
from lorvp.experiment.trial import Trial
from lorvp.networks import checkpoint
from lorvp.networks.manifest import CheckpointManifest
from lorvp.trials.contents import sealed
from lorvp.trials.finish import described
from lorvp.trials.identity import fingerprint, identity
from lorvp.trials.result import Result
from lorvp.trials.run import run
from lorvp.trials.store import TrialStore
from lorvp.trials.versions import environment
from tests.support.networks.samples import built, clip, facts
from tests.support.tiny import SENTENCES, dataset

NETWORKS = {
    "vit": facts("test_vit", size=32, patch=8),
    "resnet": facts("test_resnet", size=32),
}


SMALL = {"adavipro": {"width": 6, "side": 8}, "pad": {"width": 6}}


@dataclass(eq=False)
class Project:
    """data/ with datasets, checkpoints and prompts."""

    data: Path
    digits: Prepared

    def manifest(self, network: str) -> CheckpointManifest:
        return checkpoint.read_manifest(self.data / "checkpoints" / network)

    @cache  # noqa: B019 - one object for a test session
    def train(self, network: str, method: str, mapping: str) -> tuple[Path, Trial, Result]:
        """A finished trial's folder, and what was there when it ended."""
        trial = Trial.model_validate({
            "dataset": "digits", "network": network, "mapping": mapping,
            "method": {"kind": method, **SMALL.get(method, {})},
            "training": {"epochs": 2, "batch_size": 4, "optimizer": "adam", "lr": 0.1},
        })  # fmt: skip
        files = dict.fromkeys(trial.mapping.files, SENTENCES)
        trial = trial.model_copy(update={"mapping": trial.mapping.with_files(files)})
        frozen = checkpoint.load(self.data / "checkpoints" / network)
        result = run(trial, frozen, self.digits)
        manifest = self.manifest(network)
        named = identity(trial, self.digits.digest, checkpoint.digest(manifest))
        about = described(trial, self.digits, manifest)
        about["environment"] = dict(environment("cpu", manifest.library))
        store = TrialStore(self.data / "prompts")
        name = f"{method} · {mapping} · digits · {network} · seed 0"
        store.put(
            fingerprint(named),
            sealed(fingerprint(named), result, {"name": name, "identity": named, **about}),
        )
        return store.folder(fingerprint(named)), trial, result


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    data = tmp_path_factory.mktemp("project") / "data"
    dataset(data / "datasets/digits")
    for name, own in NETWORKS.items():
        checkpoint.write(data / "checkpoints" / name, built(own), own)
    return Project(data, prepared.read(data / "datasets/digits"))


@pytest.fixture(scope="session")
def of_clip(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same on a CLIP; apart, since open_clip takes seconds to import."""
    data = tmp_path_factory.mktemp("clip") / "data"
    dataset(data / "datasets/digits")
    own = clip().facts()
    checkpoint.write(data / "checkpoints/clip", built(own), own)
    return Project(data, prepared.read(data / "datasets/digits"))


@pytest.fixture
def pictures(project: Project, tmp_path: Path) -> list[Path]:
    """The test images as files, exactly."""
    test = project.digits.split("test").images_NHWC.numpy()
    paths = [tmp_path / f"image {n}.png" for n in range(len(test))]
    for path, image_HWC in zip(paths, test, strict=True):
        Image.fromarray(image_HWC).save(path)
    return paths


@pytest.fixture
def reference(project: Project) -> Callable[[str, str, str], torch.Tensor]:
    """Logits of the test images by the formula, written out on the stored tensors' model."""

    def logits(network: str, method: str, mapping: str) -> torch.Tensor:
        from lorvp.trials.run import build

        _, trial, result = project.train(network, method, mapping)
        frozen = checkpoint.load(project.data / "checkpoints" / network)
        model = build(trial, frozen, project.digits.class_names)
        model.load_trained_state(result.state)
        with torch.inference_mode():
            return model.eval()(project.digits.split("test").images_NHWC)

    return logits


@pytest.fixture(scope="session")
def sent(project, tmp_path_factory) -> Callable[[str], Path]:
    """A bundle with one of the networks, as its maker sent it: to be copied, not to be changed."""

    @cache
    def make(network: str) -> Path:
        folder = tmp_path_factory.mktemp("sent") / "bundle"
        bundles.bundle(project.train(network, "lor_vp", "ilm")[0], folder)
        return folder

    return make


@pytest.fixture(scope="session")
def given(sent) -> Path:
    return sent("vit")


@pytest.fixture
def bundle(given, tmp_path) -> Path:
    return shutil.copytree(given, tmp_path / "bundle")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list:
    """Addresses that anybody tried to reach; nothing is reached."""
    tried: list = []

    def refuse(self: object, address: object, *_: object) -> None:
        tried.append(address)
        raise OSError("no way out")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *asked, **_: refuse(None, asked))
    return tried
