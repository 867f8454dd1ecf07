"""Which edits of the code make which checkpoints new, on a copy of the package that is edited."""

import pytest

from lorvp import code_digest
from lorvp.networks.checkpoint import digest
from lorvp.networks.manifest import CheckpointManifest


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("libraries/timm_models.py", {"timm"}),
        ("libraries/torchvision_models.py", {"torchvision"}),
        ("libraries/open_clip_models.py", {"open_clip"}),
        ("options/timm_options.py", {"timm"}),
        ("options/open_clip_options.py", {"open_clip"}),
        ("libraries/checks.py", {"timm", "torchvision", "open_clip"}),
        ("loading.py", {"timm", "torchvision", "open_clip"}),
        ("weights_file.py", {"timm", "torchvision", "open_clip"}),
    ],
)
def test_an_edit_of_what_runs_a_network_changes_the_checkpoints_of_its_library(
    package, file, expected
):
    """Their digests are part of the names of trials."""
    libraries = ("timm", "torchvision", "open_clip")

    def digests() -> dict[str, str]:
        code_digest.forget()
        facts = {
            "architecture": "x", "input_size": (8, 8), "mean": [0.0] * 3, "std": [1.0] * 3,
            "interpolation": "bilinear", "class_names": [], "source": "", "features": 1,
            "tokens": None, "made_from": "", "weights_sha256": "",
        }  # fmt: skip
        return {name: digest(CheckpointManifest(library=name, **facts)) for name in libraries}

    before, path = digests(), package / "networks" / file
    path.write_text(path.read_text() + "\nNEW_CONSTANT = 1\n")
    after = digests()
    assert {name for name in libraries if before[name] != after[name]} == expected
