"""Who reads README from its first line on and types what it says, with photographs of their own."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import timm
from PIL import Image
from readme import commands
from safetensors.torch import save_file
from unit.networks.hub import serving

from .project import Project

pytestmark = pytest.mark.patient
CLASSES = {"sea": (30, 90, 200), "wood_land": (60, 140, 40)}
WEIGHTS = "/timm/resnet18.tv_in1k/resolve/main/model.safetensors"


def photograph(name: str, seed: int) -> Image.Image:
    noise_HWC = np.random.default_rng(seed).normal(0, 25, (200, 240, 3))
    return Image.fromarray((noise_HWC + CLASSES[name]).clip(0, 255).astype(np.uint8))


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[str]:
    """As much of the Hugging Face hub as one network, with weights that have learnt nothing."""
    network = timm.create_model("resnet18.tv_in1k", pretrained=False)
    save_file(network.state_dict(), tmp_path / "weights.safetensors")
    with serving({WEIGHTS: tmp_path / "weights.safetensors"}) as address:
        yield address


def test_every_command_up_to_a_prediction_works_as_it_is_written(project: Project, hub: str):
    for name in CLASSES:
        for seed in range(3):
            path = project.root / "home/my_images" / name / f"photo {seed}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            photograph(name, seed).save(path)
    photograph("sea", 9).save(project.repo / "new_photo.jpg")
    first, *others = commands("# lorvp") + commands("## Your own images")
    assert first.startswith("pip install uv && ")  # it is there, and tests install nothing
    typed = [first.removeprefix("pip install uv && "), *others]
    _, _, planned, made, compared, predicted = [typed_in(project, line, hub) for line in typed]
    assert "12 trials, 12 to train" in planned
    assert "12 trials in the grid: 0 finished, 12 to train" in made
    assert "| lor_vp r=4 | " in made
    assert compared.count(" | resnet18_timm | ") == 12
    found = re.search(r"^new_photo\.jpg  (sea|wood land)  \d+\.\d%$", predicted, re.MULTILINE)
    assert found, predicted
    assert re.search(r"^with data/prompts/[0-9a-f]+$", predicted, re.MULTILINE)


def typed_in(project: Project, line: str, hub: str) -> str:
    """What the terminal shows; uv takes the environment that is there."""
    done = project.shell(
        line,
        HF_ENDPOINT=hub,
        HF_HUB_DISABLE_XET="1",
        UV_NO_SYNC="1",
        UV_PROJECT_ENVIRONMENT=sys.prefix,
    )
    assert done.code == 0, f"$ {line}\n{done.out}"
    return done.out
