"""What the plan says of the data before anything is trained."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lorvp.datasets.pixels.files import ImageFiles
from lorvp.datasets.pixels.view import View
from lorvp.datasets.source import Source
from lorvp.datasets.write import write
from lorvp.networks import checkpoint
from tasks.jobs import Plan, notes
from tests.support.networks.samples import built, facts
from tests.support.tiny import dataset


@pytest.fixture(scope="module")
def networks(tmp_path_factory) -> Path:
    """Two networks by the interpolation that they expect, and two by what they look at."""
    folder = tmp_path_factory.mktemp("networks")
    expected: dict[str, dict[str, Any]] = {
        "bilinear": {"interpolation": "bilinear"}, "bicubic": {"interpolation": "bicubic"},
        "middle": {"interpolation": "bilinear", "crop": 1.0},
        "less": {"interpolation": "bilinear", "crop": 0.875},
    }  # fmt: skip
    for name, changes in expected.items():
        own = facts("test_resnet", **changes)
        checkpoint.write(folder / name, built(own), own)
    return folder


def plan_for(*pairs: tuple[Path, Path]) -> Plan:
    """Two trials of each dataset and network."""
    jobs: list[Any] = [SimpleNamespace(dataset=a, checkpoint=b) for a, b in pairs for _ in "12"]
    return Plan(jobs, missing=jobs)


def test_a_class_without_training_images_is_named_once(tmp_path, networks):
    dataset(tmp_path / "few", train=2)
    (note,) = notes(plan_for((tmp_path / "few", networks / "bilinear")))
    assert note.startswith("note: few has no training image of class 2: ")


def test_nothing_is_said_of_whole_data_or_of_finished_trials(tmp_path, networks):
    dataset(tmp_path / "whole", train=3)
    assert notes(plan_for((tmp_path / "whole", networks / "bicubic"))) == []
    dataset(tmp_path / "few", train=2)
    jobs = plan_for((tmp_path / "few", networks / "bilinear")).jobs
    assert notes(Plan(jobs, missing=[])) == []


def stored(folder: Path, size: tuple[int, int], settings: dict[str, Any]) -> None:
    """A dataset ``mine`` of six images of one size."""
    paths = [folder / f"{n}.png" for n in range(6)]
    for n, path in enumerate(paths):
        Image.fromarray(np.full((*size, 3), n, dtype=np.uint8)).save(path)
    images = ImageFiles(paths, View(size=8, **settings))
    rows = {part: np.array([2 * n, 2 * n + 1]) for n, part in enumerate(("train", "val", "test"))}
    write(folder / "mine", Source(images, np.arange(6) % 2, rows, ["a", "b"], "test"))


# Height and width of the files, how they are stored, and what networks expect that are remarked on.
STORED = {
    "resized": ((16, 16), {}, ["bicubic"]),
    "resized as asked": ((16, 16), {"interpolation": "bicubic"}, ["bilinear"]),
    "of the right size": ((8, 8), {}, []),
    "cropped from the right size": ((10, 12), {"resize": "crop", "crop": 0.8}, []),
    "cropped from another": ((8, 8), {"resize": "crop", "crop": 0.8}, ["bicubic"]),
}


@pytest.mark.parametrize("name", STORED)
def test_images_that_were_resized_otherwise_than_a_network_expects(name, tmp_path, networks):
    size, settings, remarked = STORED[name]
    stored(tmp_path, size, settings)
    found = notes(
        plan_for(*((tmp_path / "mine", networks / way) for way in ("bilinear", "bicubic")))
    )
    assert len(found) == len(remarked)
    for note, way in zip(found, remarked, strict=True):
        assert f"{way} expects {way}; `interpolation: {way}` under datasets.mine" in note


@pytest.mark.parametrize(
    ("size", "settings", "remarked"),
    [((9, 16), {}, ["middle"]), ((8, 8), {}, []), ((9, 16), {"resize": "crop", "crop": 1.0}, [])],
    ids=["squashed", "of the right size", "the middle"],
)
def test_images_that_lost_proportions_that_a_network_knows(
    size, settings, remarked, tmp_path, networks
):
    """CLIP's short side is 224 and its middle is looked at; others look at less of it, and methods
    lay the whole image for them."""
    stored(tmp_path, size, settings)
    found = notes(plan_for(*((tmp_path / "mine", networks / n) for n in ("middle", "less"))))
    assert len(found) == len(remarked)
    for note, name in zip(found, remarked, strict=True):
        assert f"and {name} was trained on the middle" in note
        assert "`resize: crop` and `crop: 1` under datasets.mine" in note
