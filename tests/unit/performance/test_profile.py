"""What the profile of a trial tells, and that it changes nothing it should not."""

from typing import get_args

import pytest
import torch

from lorvp.performance import profile
from lorvp.recipe import Precision
from lorvp.trials.run import build
from tests.support.tiny import TARGET_NAMES, images, tiny_network, training, trial


@pytest.fixture(scope="module")
def found() -> profile.Profile:
    torch.manual_seed(0)
    model = build(trial(), tiny_network(), TARGET_NAMES)
    return profile.of_training(model, images(64), training(batch_size=16), rounds=2)


def test_rates_are_rates(found):
    assert 10 < found.images_per_second < 1e7
    assert 10 < found.images_per_core_second < 1e7


def test_shares_of_the_time_are_told_from_the_largest_on(found):
    shares = found.operations["% of the time"].to_list()
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 100.5
    assert (found.operations["calls"] > 0).all()
    assert any(name.startswith("aten::") for name in found.operations["operation"])


@pytest.mark.parametrize("precision", get_args(Precision))
def test_a_product_of_matrices_is_faster_than_any_network(precision):
    assert 1e8 < profile.matmul_rate(precision, side=256) < 1e14
