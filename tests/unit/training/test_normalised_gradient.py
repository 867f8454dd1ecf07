"""EVP's optimiser against its formula: steps as long as the rate, whatever the gradient."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lorvp.mappings.selection import IdentityConfig
from lorvp.prompts.methods.evp import EvpConfig
from lorvp.recipe import TrainingConfig
from lorvp.training.passes import Place
from lorvp.training.rates import Rates
from lorvp.training.trainer import fit
from lorvp.trials.run import build
from tests.support.tiny import TARGET_NAMES, images, tiny_network, training, trial

pytestmark = pytest.mark.usefixtures("float64")
OPTIMIZER = {"optimizer": "normalised_gradient", "schedule": "constant"}


def optimizer(groups, **given):
    return TrainingConfig.model_validate(OPTIMIZER | given).build_optimizer(groups)


def parameter(*values: float, gradient: list[float] | None = None) -> nn.Parameter:
    made = nn.Parameter(torch.tensor(values))
    made.grad = None if gradient is None else torch.tensor(gradient)
    return made


def test_each_step_is_the_rate_times_the_gradients_direction():
    value = parameter(1.0, 2.0, 3.0)
    built = optimizer({"content": [value]}, lr=0.5)
    x = [1.0, 2.0, 3.0]
    for g in ([3.0, 0.0, 4.0], [1e-6, 2e-6, -2e-6], [-100.0, 50.0, 1.0]):
        value.grad = torch.tensor(g)
        built.step()
        length = math.sqrt(sum(v * v for v in g)) + 1e-10
        x = [a - 0.5 * v / length for a, v in zip(x, g, strict=True)]
        assert value.tolist() == pytest.approx(x, rel=1e-13)


def test_every_tensor_has_a_norm_of_its_own_and_every_group_its_rate():
    first, second = parameter(0.0, 0.0, gradient=[3.0, 4.0]), parameter(0.0, gradient=[1e6])
    third = parameter(0.0, gradient=[-2.0])
    groups = {"content": [first, second], "placement": [third]}
    optimizer(groups, lr=10.0, lr_placement=0.1).step()
    assert first.tolist() == pytest.approx([-6, -8])
    assert second.tolist() == pytest.approx([-10])
    assert third.tolist() == pytest.approx([0.1])


def test_no_gradient_and_a_gradient_of_zero_move_nothing():
    none, zero = parameter(1.0), parameter(2.0, gradient=[0.0])
    optimizer({"content": [none, zero]}, lr=70.0).step()
    assert (none.item(), zero.item()) == (1, 2)


def test_a_vanishing_gradient_is_not_blown_up():
    value = parameter(0.0, gradient=[1e-10])
    optimizer({"content": [value]}, lr=1.0).step()
    assert value.item() == pytest.approx(-0.5)


def test_a_known_norm_of_the_whole_takes_the_place_of_its_own():
    value = parameter(0.0, 0.0, gradient=[3.0, 4.0])
    value.whole_norm = torch.tensor(20.0)
    optimizer({"content": [value]}, lr=2.0).step()
    assert value.tolist() == pytest.approx([-2 * 3 / 20, -2 * 4 / 20])


def test_the_schedule_sets_the_length_of_the_steps():
    value = parameter(0.0)
    config = TrainingConfig.model_validate(OPTIMIZER | {"lr": 8.0, "schedule": "cosine"})
    built = config.build_optimizer({"content": [value]})
    rates = Rates(config, built, steps=4, epochs=1)
    rates.begin(0)
    lengths = []
    for step in range(4):
        rates.set(Place(step, step, 1, torch.device("cpu")))
        before, value.grad = value.item(), torch.tensor([123.0])
        built.step()
        lengths.append(before - value.item())
    assert lengths == pytest.approx([8 * (1 + math.cos(math.pi * t / 4)) / 2 for t in range(4)])


def test_evp_divides_by_the_norm_over_the_whole_canvas():
    """Two steps by hand on a prompt that covers the image too and is masked after the division."""
    torch.manual_seed(0)
    given = images(6)
    model = build(trial(EvpConfig(image_size=8), IdentityConfig()), tiny_network(), TARGET_NAMES)
    frame_HW = torch.ones(16, 16)
    frame_HW[4:12, 4:12] = 0
    delta_CHW = torch.zeros(3, 16, 16)
    canvas_BCHW = model.prompt.fit(given.images_NHWC)
    for _ in range(2):
        delta_CHW.requires_grad_()
        seen = model.network(model.network.normalise(canvas_BCHW + delta_CHW))
        loss = F.cross_entropy(seen[:, :3], given.labels_N)
        (g_CHW,) = torch.autograd.grad(loss, delta_CHW)
        whole = math.sqrt(sum(v * v for v in g_CHW.flatten().tolist()))
        inside = math.sqrt(sum(v * v for v in (g_CHW * (1 - frame_HW)).flatten().tolist()))
        assert inside > 0.1 * whole, "a case in which the image's pixels count"
        delta_CHW = (delta_CHW - 7.0 * g_CHW / (whole + 1e-10) * frame_HW).detach()
    config = training(epochs=2, batch_size=6, lr=7.0, **OPTIMIZER)
    list(fit(model, given, images(3), config))
    torch.testing.assert_close(model.prompt.content().detach(), delta_CHW, rtol=1e-6, atol=1e-8)
