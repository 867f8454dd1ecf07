"""An own folder of images, a network from a file, and a test set from elsewhere: `dvc repro`."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
import timm
from PIL import Image
from safetensors.torch import save_file
from sklearn.datasets import load_digits

from .project import Project

pytestmark = pytest.mark.patient
CLASSES = ["two", "three", "seven"]
PARAMS = """\
datasets:
  numbers:
    kind: folder
    root: {root}/numbers
    size: 32
checkpoints:
  net:
    kind: timm
    name: test_resnet.r160_in1k
    file: {root}/net.safetensors
    input_size: 32
grid:
  all:
    dataset: numbers
    network: net
    method: [none, lor_vp]
    mapping: lp
    training: {{epochs: 2, optimizer: adam, lr: 0.01}}
compute: {{workers: 1, device: cpu}}
"""


@pytest.fixture
def own(project: Project) -> Project:
    """The project with images and weights of the user's own, and an experiment on them."""
    folder, data = project.root / "own", load_digits()
    for row, (picture, digit) in enumerate(zip(data.images, data.target, strict=True)):
        if digit in (2, 3, 7):
            name = CLASSES[(2, 3, 7).index(digit)]
            path = folder / ("numbers" if row < 600 else "more") / name / f"{row}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray((picture * 15.9).astype("uint8")).resize((40, 36)).save(path)
    network = timm.create_model("test_resnet.r160_in1k", pretrained=False)
    save_file(network.state_dict(), folder / "net.safetensors")
    (project.repo / "params.yaml").write_text(PARAMS.format(root=folder))
    return project


def test_from_own_images_to_tables_and_to_a_test_set_from_elsewhere(own: Project):
    made = own.dvc("repro")
    assert made.code == 0, made.out
    assert made.to_train == 2
    manifest = json.loads((own.repo / "data/datasets/numbers/manifest.json").read_text())
    assert manifest["class_names"] == sorted(CLASSES)
    count = sum(1 for _ in (own.root / "own/numbers").rglob("*.png"))
    assert sum(manifest["sizes"].values()) == count
    assert "No dataset of this experiment has only test images" in told(own)

    def add(params):
        params["datasets"]["more"] = {
            "kind": "folder_test",
            "root": str(own.root / "own/more"),
            "of": "numbers",
        }

    own.edit(add)
    again = own.dvc("repro")
    assert again.code == 0, again.out
    assert again.to_train == 0
    assert "net: up to date" in again.out
    assert "2 tests on images from elsewhere: 2 to do" in again.out
    check_shifts(own)
    assert own.dvc("repro").stages == []
    assert "2 trials, 0 to train" in own.python("-m", "flows.plan").out


def check_shifts(project: Project) -> None:
    """The table says what the stored predictions say, for every image there is."""
    files = list((project.repo / "data/shifts").glob("*.parquet"))
    assert {path.name.partition("-")[0] for path in files} == set(project.trials())
    images = sum(1 for _ in (project.root / "own/more").rglob("*.png"))
    for path in files:
        table = pl.read_parquet(path)
        assert table.height == images
        share = sum(a == b for a, b in table.select("label", "predicted").iter_rows()) / images
        assert f" {100 * share:.1f} " in told(project)


def told(project: Project) -> str:
    return (Path(project.tables) / "shifts.md").read_text()


def test_a_file_that_is_no_image_is_named_before_anything_is_trained(own: Project):
    broken = own.root / "own/numbers/two/broken.png"
    broken.write_text("no image")
    refused = own.dvc("repro")
    assert refused.code != 0
    assert str(broken) in refused.out
    assert "Traceback" not in refused.out
    assert not (own.repo / "data/datasets/numbers").exists()

    own.edit(lambda params: params["datasets"]["numbers"].update(broken="skip"))
    made = own.python("-m", "flows.datasets", "numbers")
    assert made.code == 0, made.out
    assert "left out 1 images" in made.out
