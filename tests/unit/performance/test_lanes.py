"""How many trials go through a network together, against the numbers that the rule is made from."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorvp.performance.lanes import MOST, Load, enough, lanes

H200, SMALL = 143e9, 24e9
TEST_RESNET, RESNET_18 = Load(0.0084e9, 0.136e6), Load(3.86e9, 12.2e6)
VIT_B = Load(35.4e9, 89e6)


@pytest.mark.parametrize(
    ("flops", "images"),
    [
        (0.0, 2048),
        (0.0084e9, 2048),
        (0.125e9, 2048),
        (0.25e9, 1024),
        (0.5e9, 512),
        (1e9, 256),
        (35e9, 256),
    ],
)
def test_small_networks_need_more_images_a_step(flops, images):
    assert enough(flops) == pytest.approx(images)


@pytest.mark.parametrize(
    ("load", "precision", "batch_size", "card", "number"),
    [
        (TEST_RESNET, "fp32", 64, H200, 32),  # 2,048 images
        (TEST_RESNET, "fp32", 100, H200, 32),  # 16 would be 1,600
        (TEST_RESNET, "fp32", 4096, H200, 1),
        (TEST_RESNET, "fp32", 1, H200, MOST),
        (RESNET_18, "bf16", 64, H200, 4),
        (VIT_B, "fp32", 64, H200, 4),
        (VIT_B, "fp32", 256, H200, 1),
        (VIT_B, "fp32", 64, SMALL, 2),  # 4 lanes keep 22.8 GB, 2 keep 11.4 of 14.4
        (VIT_B, "fp32", 64, 38.1e9, 4),  # 22.8 of 22.9
        (VIT_B, "fp32", 64, 37.8e9, 2),  # 22.8 of 22.7
        (VIT_B, "tf32", 64, SMALL, 2),  # TF32 numbers are stored as fp32
        (VIT_B, "bf16", 64, SMALL, 4),  # 11.4 GB
        (VIT_B, "fp32", 256, SMALL, 1),  # one trial is never refused
    ],
)
def test_lanes_of_networks_that_were_measured(load, precision, batch_size, card, number):
    assert lanes(load, precision, batch_size, card) == number


@given(
    load=st.builds(Load, st.floats(1e6, 1e12), st.floats(1e3, 1e9)),
    precision=st.sampled_from(["fp32", "bf16"]),
    batch_size=st.integers(1, 10_000),
    card=st.floats(1e9, 1e12),
)
def test_lanes_are_enough_or_all_that_fit(load, precision, batch_size, card):
    number = lanes(load, precision, batch_size, card)
    share = 0.6 * card / (load.fp32_bytes / (2 if precision == "bf16" else 1))
    assert number in {2**n for n in range(11)}
    assert number == 1 or number * batch_size <= share
    needed = min(max(256e9 / load.flops, 256), 2048)
    full = number * batch_size >= needed or number == 1024
    assert full or 2 * number * batch_size > share
    assert number == 1 or number // 2 * batch_size < needed, "no more than needed"


def test_work_of_a_step_never_falls_as_networks_grow():
    sizes = [10**exponent for exponent in range(6, 12)]
    work = [enough(size) * size for size in sizes]
    assert all(smaller <= larger for smaller, larger in pairwise(work))
    assert all(math.isfinite(each) for each in work)
