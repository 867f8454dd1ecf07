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
    return profile.of_training([model], images(64), training(batch_size=16), rounds=2)


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


def test_images_of_all_that_are_trained_side_by_side_count(monkeypatch):
    monkeypatch.setattr(profile, "_seconds", lambda work, device: (work(), (2.0, 4.0))[1])
    torch.manual_seed(0)
    models = [build(trial(), network, TARGET_NAMES) for network in [tiny_network()] * 3]
    before = [model.trained_state() for model in models]
    found = profile.of_training(models, images(64), training(batch_size=16), rounds=1)
    assert (found.images_per_second, found.images_per_core_second) == (3 * 64 / 2, 3 * 64 / 4)
    assert found.peak_bytes is None
    for model, state in zip(models, before, strict=True):
        moved = [not torch.equal(model.trained_state()[name], state[name]) for name in state]
        assert any(moved), "each is trained"
