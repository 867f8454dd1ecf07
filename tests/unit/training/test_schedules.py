"""The learning rate of every step against the formulas written out, and who gets which."""

import math
import warnings

import pytest
import torch
from torch import nn

from lorvp.recipe import TrainingConfig
from lorvp.training.passes import Place
from lorvp.training.rates import Rates

STEPS = 12


def settings(**given) -> TrainingConfig:
    return TrainingConfig.model_validate({"schedule": "constant", **given})


def rates(config: TrainingConfig, steps: int = STEPS, role: str = "content") -> list[float]:
    """The rate in force at each step of a training."""
    optimizer = config.build_optimizer({role: [nn.Parameter(torch.zeros(1))]})
    found, given = [], Rates(config, optimizer, steps, epochs=1)
    given.begin(0)
    for step in range(steps):
        given.set(place(step))
        found.append(optimizer.param_groups[0]["lr"])
    return found


def place(step: int) -> Place:
    return Place(step, step, 1, torch.device("cpu"))


def test_constant():
    assert rates(settings(lr=0.3)) == [0.3] * STEPS


def test_cosine_starts_at_the_rate_and_ends_one_step_before_zero():
    got = rates(settings(lr=0.3, schedule="cosine"))
    expected = [0.3 * 0.5 * (1 + math.cos(math.pi * step / STEPS)) for step in range(STEPS)]
    assert got == pytest.approx(expected)
    assert got[0] == 0.3
    assert 0 < got[-1] < 0.01


def test_multistep_drops_at_each_share_of_the_training():
    schedule = {"kind": "multistep", "milestones": [0.5, 0.75], "gamma": 0.1}
    got = rates(settings(lr=1.0, schedule=schedule))
    assert got == pytest.approx([1.0] * 6 + [0.1] * 3 + [0.01] * 3)


def test_the_default_milestones_are_50_and_72_percent():
    got = rates(settings(lr=1.0, schedule="multistep"), steps=100)
    assert got == pytest.approx([1.0] * 50 + [0.1] * 22 + [0.01] * 28)


def test_warmup_climbs_in_equal_steps_and_the_schedule_follows():
    got = rates(settings(lr=1.0, schedule="cosine", warmup_steps=4))
    climbing = [1 / 4, 2 / 4, 3 / 4, 4 / 4]
    falling = [0.5 * (1 + math.cos(math.pi * step / 8)) for step in range(8)]
    assert got == pytest.approx(climbing + falling)


def test_milestones_count_from_the_end_of_the_warmup():
    schedule = {"kind": "multistep", "milestones": [0.5], "gamma": 0.5}
    got = rates(settings(lr=1.0, schedule=schedule, warmup_steps=2))
    assert got == pytest.approx([0.5, 1.0] + [1.0] * 5 + [0.5] * 5)


@pytest.mark.parametrize("warmup", [STEPS, STEPS + 5, 1000])
def test_a_warmup_as_long_as_the_training_only_climbs(warmup):
    got = rates(settings(lr=1.0, schedule="cosine", warmup_steps=warmup))
    assert got == pytest.approx([(step + 1) / warmup for step in range(STEPS)])


def parameters() -> dict[str, list[nn.Parameter]]:
    return {role: [nn.Parameter(torch.ones(2))] for role in ("content", "placement", "mapping")}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"lr": 0.5}, {"content": 0.5, "placement": 0.5, "mapping": 0.5}),
        ({"lr": 40.0, "lr_placement": 1.0}, {"content": 40.0, "placement": 1.0, "mapping": 40.0}),
        ({"lr": 0.5, "lr_mapping": 0.1}, {"content": 0.5, "placement": 0.5, "mapping": 0.1}),
    ],
)
@pytest.mark.parametrize("roles", [["content", "placement", "mapping"], ["mapping", "content"]])
def test_each_group_moves_at_its_own_rate(given, expected, roles):
    """Plain SGD: a value moves by its rate times its gradient."""
    optimizer = {"kind": "sgd", "momentum": 0.0}
    groups = {role: parameters()[role] for role in roles}
    built = settings(optimizer=optimizer, **given).build_optimizer(groups)
    for group in groups.values():
        group[0].grad = torch.tensor([1.0, -2.0])
    built.step()
    for role, group in groups.items():
        moved = (1 - group[0].detach()).tolist()
        assert moved == pytest.approx([expected[role], -2 * expected[role]])


def test_the_schedule_scales_every_group():
    groups = parameters()
    config = settings(lr=1.0, lr_placement=0.1, schedule="cosine")
    optimizer = config.build_optimizer(groups)
    given = Rates(config, optimizer, steps=2, epochs=2)
    given.begin(1)
    given.set(place(0))
    assert [g["lr"] for g in optimizer.param_groups] == pytest.approx([0.5, 0.05, 0.5])


def test_sgd_with_momentum_and_decay_step_by_step():
    config = settings(lr=0.1, optimizer={"kind": "sgd", "momentum": 0.9, "weight_decay": 0.01})
    value = nn.Parameter(torch.tensor([2.0]))
    optimizer = config.build_optimizer({"content": [value]})
    x, velocity = 2.0, 0.0
    for gradient in (1.0, -0.5, 0.25):
        value.grad = torch.tensor([gradient])
        optimizer.step()
        velocity = 0.9 * velocity + (gradient + 0.01 * x)
        x -= 0.1 * velocity
        assert value.item() == pytest.approx(x, rel=1e-6)


def test_adam_with_decay_step_by_step():
    config = settings(lr=0.1, optimizer={"kind": "adam", "weight_decay": 0.01})
    value = nn.Parameter(torch.tensor([2.0]))
    optimizer = config.build_optimizer({"content": [value]})
    x, first, second = 2.0, 0.0, 0.0
    for t, gradient in enumerate((1.0, -0.5, 0.25), start=1):
        value.grad = torch.tensor([gradient])
        optimizer.step()
        g = gradient + 0.01 * x
        first, second = 0.9 * first + 0.1 * g, 0.999 * second + 0.001 * g * g
        x -= 0.1 * (first / (1 - 0.9**t)) / (math.sqrt(second / (1 - 0.999**t)) + 1e-8)
        assert value.item() == pytest.approx(x, rel=1e-5)


def test_nothing_is_warned_about():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rates(settings(schedule="cosine", warmup_steps=3))
