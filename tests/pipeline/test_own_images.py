"""Errors in a user's own folder of images are reported before anything is trained."""

from __future__ import annotations

import pytest
from PIL import Image

from tests.pipeline.project import Project

pytestmark = pytest.mark.patient
PARAMS = """\
datasets:
  shades:
    kind: folder
    root: {root}/shades
    size: 32
checkpoints:
  net:
    kind: timm
    name: test_resnet.r160_in1k
    input_size: 32
grid:
  all: {{dataset: shades, network: net, method: none, mapping: lp}}
"""


@pytest.fixture
def own(project: Project) -> Project:
    """The project with an experiment on a user's own images."""
    for number in range(10):
        name = ("dark", "light")[number % 2]
        path = project.root / "own/shades" / name / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (40, 36), 20 * number).save(path)
    (project.repo / "params.yaml").write_text(PARAMS.format(root=project.root / "own"))
    return project


def test_a_file_that_is_no_image_is_named_before_anything_is_trained(own: Project):
    broken = own.root / "own/shades/dark/broken.png"
    broken.write_text("no image")
    refused = own.dvc("repro")
    assert refused.code != 0
    assert str(broken) in refused.out
    assert "Traceback" not in refused.out
    assert not (own.repo / "data/datasets/shades").exists()

    own.edit(lambda params: params["datasets"]["shades"].update(broken="skip"))
    made = own.python("-m", "flows.datasets", "shades")
    assert made.code == 0, made.out
    assert "left out 1 images" in made.out
