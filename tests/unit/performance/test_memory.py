"""Memory and operations of an image, against layers done by hand and steps measured on a GPU."""

from functools import cache

import pytest
from torch import nn

from lorvp.networks.acceleration.engine import engine
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.sources.trained import TrainedConfig
from lorvp.performance.memory import load
from tests.support.layers import frozen, whole


@cache
def sketch(architecture: str) -> FrozenNetwork:
    config = TrainedConfig(dataset="letters", architecture=architecture, input_size=224)
    return config.sketch(["a", "b"])[1]


def small(*layers: nn.Module) -> FrozenNetwork:
    return frozen(whole(*layers)).to("meta")


def test_operations_are_those_of_the_way_there():
    found = load(small(nn.Conv2d(3, 6, 3, padding=1)))
    assert found.flops == 2 * 16 * 16 * 27 * 6


def test_a_frozen_product_keeps_nothing_and_what_is_not_linear_keeps_its_output():
    product = load(small(nn.Conv2d(3, 6, 1)))
    bent = load(small(nn.Conv2d(3, 6, 1), nn.ReLU()))
    assert bent.fp32_bytes - product.fp32_bytes == 4 * 16 * 16 * 6


def test_what_two_layers_keep_is_kept_once():
    once = load(small(nn.Conv2d(3, 6, 1), nn.Sigmoid()))
    # The output of the first is its own result and the input of the second.
    twice = load(small(nn.Conv2d(3, 6, 1), nn.Sigmoid(), nn.GELU()))
    assert twice.fp32_bytes == once.fp32_bytes


def test_bf16_takes_half_and_other_precisions_all():
    found = load(small(nn.Conv2d(3, 6, 1), nn.ReLU()))
    assert found.bytes("bf16") == found.bytes("fp32") / 2 == found.fp32_bytes / 2


@pytest.mark.parametrize(
    ("architecture", "precision", "gigabytes"),
    [
        ("vit_base_patch16_224", "fp32", 21),
        ("vit_base_patch16_224", "bf16", 10),
        ("resnet50", "fp32", 23),
        ("resnet50", "bf16", 12.5),
    ],
)
def test_256_images_take_what_was_measured_on_a_gpu(architecture, precision, gigabytes):
    """On an H200, in steps of 256 images; nothing was folded in the ResNet."""
    counted = 256 * load(sketch(architecture)).bytes(precision) / 1e9
    assert counted == pytest.approx(gigabytes, rel=0.2)


def test_a_folded_network_keeps_less():
    plain = sketch("resnet50")
    folded = engine(plain, "fp32")
    assert 0.4 < load(folded).fp32_bytes / load(plain).fp32_bytes < 0.6
    assert load(folded).flops == pytest.approx(load(plain).flops, rel=0.03)
