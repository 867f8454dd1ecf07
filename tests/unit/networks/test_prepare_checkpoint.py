"""The stage that makes a checkpoint: no work twice, and the same bytes whenever it is done."""

import shutil
from pathlib import Path

import pytest
import torch

from lorvp.errors import InputError
from lorvp.experiment.params import ParamsError
from lorvp.files.whole import sha256, to_json
from lorvp.networks import checkpoint
from lorvp.networks.sources import CheckpointConfig
from lorvp.networks.sources.timm import TimmConfig
from lorvp.networks.sources.trained import TrainedConfig
from tasks.settings import ComputeConfig, RunParams
from tasks.stages.prepare import prepare_checkpoint
from tests.support.networks.samples import built, clip, facts, saved
from tests.support.tiny import TARGETS, dataset

NET = Path("data/checkpoints/net")


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    """A project's folder with one dataset."""
    monkeypatch.chdir(tmp_path)
    dataset(Path("data/datasets/noise"), train=20, val=3, test=30)


def prepare(config: CheckpointConfig, **compute) -> None:
    settings = {"checkpoints": {"net": config}, "compute": ComputeConfig(**compute)}
    prepare_checkpoint("net", RunParams.model_construct(**settings))


def trained(**settings) -> TrainedConfig:
    plain = {"architecture": "test_resnet", "epochs": 1, "batch_size": 8, "min_accuracy": 0.0}
    return TrainedConfig(dataset="noise", **(plain | settings))


def from_file() -> TimmConfig:
    names = "".join(f"kind {n}\n" for n in range(7))
    Path("names.txt").write_text(names)
    path = saved(built(facts("test_resnet")), Path("w.safetensors"))
    return TimmConfig(
        name="test_resnet",
        file=str(path),
        class_names="names.txt",
        model_kwargs={"num_classes": 7},
    )


def clip_from_file():
    path = saved(built(clip().facts()), Path("clip.safetensors"))
    return clip(file=str(path))


def bytes_of() -> dict[str, str]:
    return {path.name: sha256(path) for path in NET.iterdir()}


@pytest.mark.parametrize("config", [trained, from_file, clip_from_file], ids=lambda f: f.__name__)
def test_what_is_there_is_left_and_what_is_not_comes_back_the_same(config, capsys):
    settings = config()
    prepare(settings)
    before, made = bytes_of(), capsys.readouterr().out
    times = {path.name: path.stat().st_mtime_ns for path in NET.iterdir()}
    assert made.startswith("net: ")
    prepare(settings)
    assert capsys.readouterr().out == "net: up to date\n"
    assert {path.name: path.stat().st_mtime_ns for path in NET.iterdir()} == times
    shutil.rmtree(NET)
    prepare(settings)
    assert bytes_of() == before


def other_dataset() -> None:
    shutil.rmtree("data/datasets/noise")
    dataset(Path("data/datasets/noise"), train=20, val=3, test=30, seed=1)


def other_weights() -> None:
    saved(built(facts("test_resnet"), seed=1), Path("w.safetensors"))


def other_names() -> None:
    Path("names.txt").write_text(Path("names.txt").read_text().replace("kind 1", "sort 1"))


def damaged() -> None:
    path = NET / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-4])


def no_manifest() -> None:
    (NET / "manifest.json").unlink()


@pytest.mark.parametrize(
    ("config", "change"),
    [
        (trained, other_dataset), (from_file, other_weights), (from_file, other_names),
        (from_file, damaged), (from_file, no_manifest),
    ],
    ids=lambda f: f.__name__,
)  # fmt: skip
def test_a_change_of_what_it_was_made_from_makes_it_again(config, change, capsys):
    settings = config()
    prepare(settings)
    capsys.readouterr()
    change()
    prepare(settings)
    assert "up to date" not in capsys.readouterr().out
    assert checkpoint.load(NET).source_classes in (TARGETS, 7)


def test_a_change_of_the_settings_makes_it_again(capsys):
    prepare(trained())
    before = bytes_of()
    capsys.readouterr()
    prepare(trained(seed=1))
    assert "of the held-out noise images right" in capsys.readouterr().out
    assert bytes_of() != before


def test_a_network_that_does_not_know_its_task_is_refused_and_the_older_one_stays():
    prepare(trained())
    before = bytes_of()
    with pytest.raises(ParamsError, match=r"checkpoints.net: .* less than min_accuracy \(100%\)"):
        prepare(trained(min_accuracy=1.0))
    assert bytes_of() == before


def test_a_trained_networks_sketch_is_the_network_but_for_what_training_tells(tmp_path):
    config = trained(architecture="test_vit", patch=8)
    prepare(config)
    real = checkpoint.read_manifest(NET)
    manifest, _ = config.sketch(real.class_names)
    told = ("weights_sha256", "made_from", "accuracy", "trained_on")
    assert manifest.model_copy(update={key: getattr(real, key) for key in told}) == real
    assert 0 <= real.accuracy <= 1


def test_where_it_was_trained_is_written_down_and_elsewhere_it_is_not_trained_again(
    capsys, monkeypatch
):
    prepare(trained())
    real = checkpoint.read_manifest(NET)
    assert real.trained_on == "cpu"
    elsewhere = real.model_copy(update={"trained_on": "NVIDIA H200"})
    (NET / "manifest.json").write_text(to_json(elsewhere.model_dump()))
    assert checkpoint.digest(elsewhere) == checkpoint.digest(real)
    capsys.readouterr()
    # Not even where the device is missing that would train it.
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    for device in ("auto", "cpu", "cuda"):
        prepare(trained(), device=device)
        assert capsys.readouterr().out == "net: up to date\n"


ELSEWHERE = {"cluster": "10.0.0.5:6379", "share": "/mnt/lorvp"}


@pytest.mark.parametrize(
    ("compute", "cards", "expected"),
    [
        ({}, 0, "cpu"),
        ({}, 2, "cuda:0"),
        ({"device": "cuda"}, 1, "cuda:0"),
        ({"device": "cpu"}, 2, "cpu"),
        ({"runner": "ray"}, 1, "cpu"),
        ({"runner": "ray", "gpus": 1}, 1, "cuda:0"),
        # The machines of a cluster may have what this one has not.
        ({"runner": "ray", "gpus": 1, "device": "cuda", **ELSEWHERE}, 0, "cpu"),
        ({"runner": "ray", **ELSEWHERE}, 1, "cuda:0"),
    ],
    ids=str,
)
def test_it_is_trained_on_the_device_that_trials_get(monkeypatch, compute, cards, expected):
    class AskedError(Exception):
        pass

    def make(self, datasets: Path, device: str):
        raise AskedError(device)

    monkeypatch.setattr(TrainedConfig, "make", make)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cards)
    with pytest.raises(AskedError, match=f"^{expected}$"):
        prepare(trained(), **compute)


def test_a_device_that_is_not_here_is_needed_by_what_is_trained_alone(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(InputError, match=r"^params.yaml: compute.device is cuda, but torch finds"):
        prepare(trained(), device="cuda")
    prepare(from_file(), device="cuda")
    assert checkpoint.read_manifest(NET).trained_on is None
