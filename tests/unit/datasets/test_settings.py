"""Each dataset as it stands in params.yaml, and what is answered to one that cannot be."""

import json

import pytest

from lorvp.experiment.params import ParamsError, read
from tests.support.datasets.command import EXPERIMENT
from tests.support.datasets.layouts import LAYOUTS
from tests.support.datasets.making import class_of, config, published

NEEDED = {
    "folder": {"root": "images"},
    "folder_test": {"root": "images", "of": "letters"},
    "huggingface": {"path": "owner/name"},
    "vtab": {"root": "vtab-1k", "task": "dtd"},
}
TEST_ONLY = ["folder_test", "imagenet_r", "imagenet_a", "imagenet_sketch", "imagenet_v2"]


@pytest.fixture
def asked(tmp_path):
    """The dataset ``mine`` as it is read from params.yaml."""

    def of(**settings):
        if settings.get("kind") in TEST_ONLY:
            settings = {"of": "letters"} | settings
        datasets = {"letters": "letters", "mine": settings}
        experiment = json.dumps(EXPERIMENT | {"datasets": datasets}).replace(
            '"dataset": "mine"', '"dataset": "letters"'
        )
        (tmp_path / "params.yaml").write_text(experiment)
        return read(tmp_path / "params.yaml").params.datasets["mine"]

    return of


@pytest.mark.parametrize("kind", LAYOUTS)
def test_the_kind_and_what_it_needs_are_enough(asked, kind):
    settings = asked(kind=kind, **NEEDED.get(kind, {}))
    assert settings.kind == kind
    assert (settings.seed, settings.shots, settings.fraction) == (0, None, None)
    assert settings == type(settings).model_validate(settings.model_dump())


@pytest.mark.parametrize("kind", LAYOUTS)
def test_a_misspelt_key_is_answered_with_the_right_one(asked, kind):
    message = r"mine\.shot: there is no key 'shot' here; did you mean 'shots'"
    with pytest.raises(ParamsError, match=message):
        asked(kind=kind, shot=4, **NEEDED.get(kind, {}))


@pytest.mark.parametrize("kind", LAYOUTS)
def test_shots_or_a_fraction(asked, kind):
    needed = NEEDED.get(kind, {})
    assert asked(kind=kind, shots=16, **needed).shots == 16
    assert asked(kind=kind, fraction=0.1, **needed).fraction == 0.1
    with pytest.raises(ParamsError, match="shots or fraction, not both"):
        asked(kind=kind, shots=16, fraction=0.1, **needed)


WRONG = [
    {"kind": "cifar10", "val": 1.0}, {"kind": "cifar10", "val": 0.0},
    {"kind": "cifar10", "shots": 0}, {"kind": "cifar10", "val_shots": 0},
    {"kind": "cifar10", "fraction": 1.5},
    {"kind": "cifar10", "seed": -1}, {"kind": "cifar10", "size": 64},
    {"kind": "dtd", "size": 4}, {"kind": "dtd", "split": "offical"},
    {"kind": "eurosat", "split": "official"}, {"kind": "oxford_pets", "split": "official"},
    {"kind": "dtd", "resize": "stretch"}, {"kind": "dtd", "broken": "ignore"},
    {"kind": "dtd", "interpolation": "nearest"}, {"kind": "dtd", "crop": 1.1},
    {"kind": "dtd", "archives": [{"url": "ftp://host/x"}]},
    {"kind": "huggingface", "root": "somewhere", "path": "a/b"},
    {"kind": "folder", "root": "images", "archives": [{"url": "http://host/x.zip"}]},
    {"kind": "folder_test", "root": "images", "archives": [{"url": "http://host/x.zip"}]},
    {"kind": "dtd", "archives": [{"url": "http://host/x.zip"}], "root": "images"},
    {"kind": "vtab", "task": "cifar10"}, {"kind": "vtab", "train": 900, "task": "dtd"},
    {"kind": "cub200", "split": "offical"}, {"kind": "caltech101", "split": "official"},
    {"kind": "folder"}, {"kind": "huggingface"}, {"kind": "cifar11"},
]  # fmt: skip


@pytest.mark.parametrize("settings", WRONG, ids=str)
def test_wrong_values_are_refused_at_their_place(asked, settings):
    key = [*settings, "root", "path"][1] if len(settings) > 1 else ""
    with pytest.raises(ParamsError, match=rf"params\.yaml:\d+:\d+: datasets\.mine.*{key}"):
        asked(**settings)


def test_what_can_be_downloaded_has_an_address():
    """The others have none that answers without an account."""
    without = {kind for kind in LAYOUTS if not published(kind)}
    assert without == {
        "stanford_cars",
        "ucf101",
        "imagenet",
        "nabirds",
        "vtab",
        "folder",
        "folder_test",
        "huggingface",
    }


def test_every_address_has_a_checksum_or_is_known_to_have_none():
    unverified = {a.name for kind in LAYOUTS for a in published(kind) if a.hash is None}
    assert unverified == {
        "Partitions.zip", "ImageNet-Sketch.zip", "imagenetv2-matched-frequency.tar.gz",
    }  # fmt: skip


def test_how_images_are_stored_by_default():
    sides = {"cifar10": 32, "svhn": 32, "gtsrb": 64, "eurosat": 64, "tiny_imagenet": 64, "dtd": 224}
    for kind, side in sides.items():
        assert class_of(kind).model_validate(NEEDED.get(kind, {})).stored == (side, side)
    assert config("dtd", size=100).stored == (100, 100)
