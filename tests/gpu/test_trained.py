"""A source network trained on a GPU: the same bits every time, and handed over on the CPU."""

from __future__ import annotations

import pytest
import torch

from lorvp.networks.sources.trained import TrainedConfig
from lorvp.training.determinism import make_repeatable
from tests.support.layers import same
from tests.support.tiny import dataset

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")


@pytest.mark.parametrize("architecture", ["test_resnet", "test_vit"])
def test_the_same_seed_gives_the_same_weights(tmp_path, architecture):
    make_repeatable()
    dataset(tmp_path / "noise", train=40, val=3, test=30)
    plain = {"dataset": "noise", "epochs": 2, "batch_size": 8, "min_accuracy": 0.0}
    config = TrainedConfig(architecture=architecture, **plain)
    made, again = (config.make(tmp_path, "cuda") for _ in range(2))
    weights = made.network.state_dict()
    assert {tensor.device.type for tensor in weights.values()} == {"cpu"}
    assert same(weights, again.network.state_dict())
    assert made.facts.trained_on == torch.cuda.get_device_name()
