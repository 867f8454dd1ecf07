"""Type the commands of README, from its first line on, with photographs of one's own."""

from __future__ import annotations

import json
import re
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import timm
from PIL import Image
from safetensors.torch import save_file

from tests.pipeline.project import Project
from tests.support.networks.hub import serving
from tests.support.pages import PAGES, commands
from tests.support.tutorials import blocks

pytestmark = pytest.mark.patient
CLASSES = {"sea": (30, 90, 200), "wood_land": (60, 140, 40)}
WEIGHTS = "/timm/resnet18.tv_in1k/resolve/main/model.safetensors"


def photograph(name: str, seed: int) -> Image.Image:
    noise_HWC = np.random.default_rng(seed).normal(0, 25, (200, 240, 3))
    return Image.fromarray((noise_HWC + CLASSES[name]).clip(0, 255).astype(np.uint8))


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[str]:
    """A stand-in for the Hugging Face hub with one network of random weights; gives its address."""
    network = timm.create_model("resnet18.tv_in1k", pretrained=False)
    save_file(network.state_dict(), tmp_path / "weights.safetensors")
    with serving({WEIGHTS: tmp_path / "weights.safetensors"}) as address:
        yield address


def typed_on(tutorial: str) -> list[str]:
    steps = blocks(PAGES[f".site/learn/{tutorial}.md"])
    return [line for step in steps if step.language == "sh" for line in step.code.splitlines()]


def photographs(folder: Path, seeds: range) -> None:
    for name in CLASSES:
        (folder / name).mkdir(parents=True)
        for seed in seeds:
            photograph(name, seed).save(folder / name / f"photo {seed}.jpg")


@pytest.mark.slow
def test_every_command_up_to_a_prediction_works_as_it_is_written(project: Project, hub: str):
    photographs(project.root / "home/my_images", range(3))
    photograph("sea", 9).save(project.repo / "new_photo.jpg")
    first, *others = commands("# lorvp") + commands("### Your own images")
    assert [line for line in typed_on("own_images") if line not in others] == []
    assert first.startswith("pip install uv && ")  # it is there, and tests install nothing
    typed = [first.removeprefix("pip install uv && "), *others]
    _, _, planned, made, compared, predicted = [typed_in(project, line, hub) for line in typed]
    assert "12 trials, 12 to train" in planned
    assert "12 trials in the grid: 0 finished, 12 to train" in made
    assert "| lor_vp r=4 | " in made
    seeds = re.findall(r"^\| [^|]+ \| (\d+) +\|", compared, re.MULTILINE)
    assert seeds == ["3"] * 4, "a row for each method with each mapping"
    found = re.search(r"^new_photo\.jpg  (sea|wood land)  \d+\.\d%$", predicted, re.MULTILINE)
    assert found, predicted
    assert re.search(r"^with data/prompts/[0-9a-f]+$", predicted, re.MULTILINE)
    manifest = json.loads((project.repo / "data/datasets/mine/manifest.json").read_text())
    assert manifest["class_names"] == [name.replace("_", " ") for name in sorted(CLASSES)]
    assert sum(manifest["sizes"].values()) == 6
    on_images_from_elsewhere(project)


def on_images_from_elsewhere(project: Project) -> None:
    """Check that a test set that is added later trains nothing, and needs no hub."""
    assert "No dataset of this experiment has only test images" in told(project)
    root = project.root / "home/more"
    photographs(root, range(10, 14))
    more = {"kind": "folder_test", "root": str(root), "of": "mine"}
    project.edit(lambda params: params["datasets"].update(more=more))
    done = project.dvc("repro", HF_ENDPOINT="http://127.0.0.1:9")
    assert (done.code, done.to_train) == (0, 0), done.out
    assert "resnet18_timm: up to date" in done.out
    assert "12 tests on images from elsewhere: 12 to do" in done.out
    check_shifts(project, images=8)
    assert project.dvc("repro").stages == []
    assert "nothing to train: all 12 trials are finished" in project.python("-m", "flows.costs").out


def check_shifts(project: Project, images: int) -> None:
    """Check the table against the stored predictions of all images."""
    files = list((project.repo / "data/shifts").glob("*.parquet"))
    assert {path.name.partition("-")[0] for path in files} == set(project.trials())
    shares: dict[str, list[float]] = {}
    for path in files:
        table = pl.read_parquet(path)
        assert table.height == images
        right = sum(a == b for a, b in table.select("label", "predicted").iter_rows())
        method, mapping, *_ = project.trials()[path.name.partition("-")[0]]["name"].split(" · ")
        shares.setdefault(f"{method} {mapping}", []).append(100 * right / images)
    for found in shares.values():
        assert f" {statistics.mean(found):.1f} ± {statistics.stdev(found):.1f} " in told(project)


def told(project: Project) -> str:
    return (project.tables / "shifts.md").read_text()


def typed_in(project: Project, line: str, hub: str) -> str:
    """Run a line of README, in which uv uses the existing environment; its output."""
    done = project.shell(
        line,
        HF_ENDPOINT=hub,
        HF_HUB_DISABLE_XET="1",
        UV_NO_SYNC="1",
        UV_PROJECT_ENVIRONMENT=sys.prefix,
    )
    assert done.code == 0, f"$ {line}\n{done.out}"
    return done.out
