"""Learning rates that lie on the device, here the CPU, against those that do not."""

import pytest
import torch
from torch import nn

from lorvp.recipe import TrainingConfig
from lorvp.training.passes import Place
from lorvp.training.rates import Rates

STEPS, EPOCHS = 3, 2
CONFIG = TrainingConfig.model_validate({"schedule": "cosine", "lr": 2.0, "warmup_steps": 2})


def optimizer(on_device: bool) -> torch.optim.Optimizer:
    groups = [{"params": [nn.Parameter(torch.zeros(1))], "lr": lr} for lr in (2.0, 0.5)]
    if on_device:
        groups = [group | {"lr": torch.tensor(group["lr"])} for group in groups]
    return torch.optim.SGD(groups, momentum=0.9)


def rates(on_device: bool, between=lambda built: None) -> list[float]:
    """Of both groups, at each step of both epochs."""
    built, found = optimizer(on_device), []
    given = Rates(CONFIG, built, STEPS, EPOCHS)
    for epoch in range(EPOCHS):
        between(built)
        given.begin(epoch)
        for number in range(STEPS):
            step = torch.tensor([number]) if on_device else number
            given.set(Place(step, step, 1, torch.device("cpu")))
            found += [float(group["lr"]) for group in built.param_groups]
    return found


def test_both_are_the_same():
    assert rates(on_device=True) == pytest.approx(rates(on_device=False))
    factors = [0.5, 1, 1, (1 + 0.5**0.5) / 2, 0.5, (1 - 0.5**0.5) / 2]
    expected = [lr * factor for factor in factors for lr in (2.0, 0.5)]
    assert rates(on_device=False) == pytest.approx(expected), "two steps of warm-up, then a cosine"


def test_a_state_that_is_put_back_does_not_take_the_table_away():
    def between(built: torch.optim.Optimizer) -> None:
        built.load_state_dict(optimizer(on_device=True).state_dict())

    assert rates(on_device=True, between=between) == pytest.approx(rates(on_device=False))


@pytest.mark.parametrize("kind", ["sgd", "adam", "normalised_gradient"])
def test_on_a_cpu_rates_are_numbers(kind):
    config = TrainingConfig.model_validate({"optimizer": kind})
    built = config.build_optimizer({"content": [nn.Parameter(torch.zeros(1))]})
    assert [type(group["lr"]) for group in built.param_groups] == [float]
