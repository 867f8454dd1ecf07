"""Patches and tokens of networks without weights, and the texts that stand for classes."""

import pytest
import torch
from torch import nn

from lorvp.networks.interface import filled, patch_of


@pytest.mark.parametrize(
    ("settings", "side"),
    [
        ({"kernel_size": 4, "stride": 4}, 4),
        ({"kernel_size": 16, "stride": 16}, 16),
        ({"kernel_size": 7, "stride": 2}, None),  # overlaps
        ({"kernel_size": 2, "stride": 4}, None),  # leaves gaps
        ({"kernel_size": (4, 8), "stride": (4, 8)}, None),  # no squares
        ({"kernel_size": 1, "stride": 1}, None),  # no patches, but pixels
    ],
)
def test_the_convolution_that_reads_the_image_tells_the_patches(settings, side):
    stem = nn.Conv2d(3, 5, **settings)
    network = nn.Sequential(nn.Conv2d(5, 5, 2, 2), nn.Sequential(stem, nn.Linear(2, 2)))
    assert patch_of(network) == side


def test_a_network_that_cuts_the_image_twice_differently_has_no_patches():
    twelve, sixteen = nn.Conv2d(3, 5, 12, 12), nn.Conv2d(3, 5, 16, 16)
    assert patch_of(nn.ModuleList([twelve, sixteen])) is None
    assert patch_of(nn.ModuleList([twelve, nn.Conv2d(3, 5, 12, 12)])) == 12
    assert patch_of(nn.Linear(3, 3)) is None


def test_patches_are_found_without_weights():
    with torch.device("meta"):
        assert patch_of(nn.Conv2d(3, 768, 32, 32)) == 32


def test_texts_come_template_by_template_in_plain_words():
    assert filled(["a {}.", "{} in a game"], ["Great_Dane", "T-shirt"]) == (
        "a great dane.",
        "a t shirt.",
        "great dane in a game",
        "t shirt in a game",
    )
    assert filled([], ["x"]) == filled(["a {}"], []) == ()
