"""Who reads README from its first line on and types what it says, with photographs of their own."""

from __future__ import annotations

import re
import subprocess
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

from .project import PATIENCE, Project

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
    typed = commands("# lorvp") + commands("## Your own images")
    assert typed[0] == "pip install uv && uv run dvc repro"
    said = {line: shell(project, line, hub) for line in typed}
    planned, made, compared, predicted = list(said.values())[-4:]
    assert "12 trials, 12 to train" in planned
    assert "12 trials in the grid: 0 finished, 12 to train" in made
    assert "| lor_vp r=4 | " in made
    assert compared.count(" | resnet18_timm | ") == 12
    found = re.search(r"^new_photo\.jpg  (sea|wood land)  \d+\.\d%$", predicted, re.MULTILINE)
    assert found, predicted
    assert re.search(r"^with data/prompts/[0-9a-f]+$", predicted, re.MULTILINE)


def shell(project: Project, line: str, hub: str) -> str:
    """What the terminal shows; uv takes the environment that is there."""
    settings = {
        "HF_ENDPOINT": hub,
        "HF_HUB_DISABLE_XET": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_NO_SYNC": "1",
        "UV_PROJECT_ENVIRONMENT": sys.prefix,
    }
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=project.repo,
        env=project.environment | settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, f"$ {line}\n{done.stdout}"
    return done.stdout
