"""The digest of a checkpoint, which is part of the names of trials."""

import pytest
import torch
from safetensors.torch import load_file

from lorvp.networks import checkpoint
from tests.support.networks.checkpoints import edit, rewrite


@pytest.mark.parametrize(
    "facts",
    [
        {"mean": [0.5] * 3}, {"std": [0.5] * 3}, {"input_size": [64, 64]}, {"architecture": "x"},
        {"interpolation": "bilinear"}, {"model_kwargs": {"pad_type": "same"}}, {"patch": 4},
        {"templates": ["a {}"]}, {"library": "torchvision"},
    ],
    ids=str,
)  # fmt: skip
def test_all_that_changes_the_outputs_changes_the_digest(folder, facts):
    """It stands for the checkpoint in the names of trials."""
    before = checkpoint.digest(checkpoint.read_manifest(folder))
    edit(folder, **facts)
    assert checkpoint.digest(checkpoint.read_manifest(folder)) != before


def test_other_weights_have_another_digest(folder):
    before = checkpoint.digest(checkpoint.read_manifest(folder))
    state = load_file(folder / "weights.safetensors")
    rewrite(folder, state | {"fc.bias": torch.ones(5)})
    assert checkpoint.digest(checkpoint.read_manifest(folder)) != before
