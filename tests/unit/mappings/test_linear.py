"""Start values and gradients of the trained linear mappings."""

import copy

import pytest
import torch

from lorvp.errors import InputError
from lorvp.mappings.linear import FmConfig, LpConfig
from lorvp.prompts.methods.pad import PadConfig
from lorvp.training.trainer import fit
from lorvp.trials.run import build
from tests.support.tiny import FEATURES, SOURCES, TARGET_NAMES, ends, images, tiny_network, training
from tests.support.tiny import trial as tiny_trial


def mapped(config, seed: int = 0, **sizes):
    torch.manual_seed(seed)
    return config.build(ends(**sizes)).linear


def test_fm_may_start_as_autovp_does_for_clip():
    plain, made = mapped(FmConfig()), mapped(FmConfig(start="identity"))
    expected = [[float(s == k) for s in range(SOURCES)] for k in range(3)]
    assert made.weight.tolist() == expected
    assert torch.equal(made.bias, plain.bias), "PyTorch's own"


def test_the_identity_needs_a_source_class_for_each_target_class():
    with pytest.raises(InputError, match="'fm' gives each of the 4 target classes"):
        FmConfig(start="identity").build(ends(sources=3, targets=4))
    FmConfig(start="identity").build(ends(sources=4, targets=4))
    FmConfig().build(ends(sources=3, targets=4))


def test_lp_may_start_as_vpt_does():
    made = mapped(LpConfig(start="fan_out"), features=4000, targets=50).requires_grad_(False)
    assert float(made.weight.std()) == pytest.approx((2 / 50) ** 0.5, rel=0.01)
    assert float(made.weight.mean()) == pytest.approx(0, abs=0.002)
    assert not made.bias.any()
    plain = mapped(LpConfig(), features=4000, targets=50).requires_grad_(False)
    assert float(plain.weight.abs().max()) <= 4000**-0.5


def test_gradients_are_cut_value_by_value(float64):
    torch.manual_seed(0)
    plain, cut = FmConfig().build(ends()), FmConfig(largest_gradient=0.25).build(ends())
    cut.load_state_dict(plain.state_dict())
    outputs_BS = torch.randn(4, SOURCES)
    for mapping in (plain, cut):
        mapping(outputs_BS).square().sum().backward()
    for one, other in zip(plain.parameters(), cut.parameters(), strict=True):
        torch.testing.assert_close(other.grad, one.grad.clamp(-0.25, 0.25))
        assert one.grad.abs().max() > 0.25
    assert plain.linear.weight.grad.abs().min() < 0.25


def test_a_step_of_sgd_moves_no_value_further_than_that():
    config = FmConfig(start="identity", largest_gradient=1e-3)
    asked = tiny_trial(PadConfig(width=2), config)
    torch.manual_seed(0)
    model = build(asked, tiny_network(), TARGET_NAMES)
    start = copy.deepcopy(model.mapping.state_dict())
    given = images(6)
    steps = training(epochs=1, batch_size=6, lr=40.0, optimizer={"kind": "sgd", "momentum": 0.0})
    list(fit(model, given, given, steps))
    moved = [model.mapping.state_dict()[key] - start[key] for key in start]
    assert max(float(change.abs().max()) for change in moved) == pytest.approx(40 * 1e-3)


@pytest.mark.parametrize("config", [FmConfig(start="identity"), LpConfig(start="fan_out")], ids=str)
def test_what_they_train_stays_the_same(config):
    number = sum(parameter.numel() for parameter in config.build(ends()).parameters())
    assert number == {"fm": SOURCES * 3 + 3, "lp": FEATURES * 3 + 3}[config.kind]
