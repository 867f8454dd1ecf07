"""BatchNorm folded into convolutions: where, with which values, and where not."""

import pytest
import torch
from timm.layers import BatchNormAct2d, Conv2dSame, ConvNormAct, ScaledStdConv2d, StdConv2d
from torch import Tensor, nn
from torch.nn import functional as F

from lorvp.networks.acceleration.batchnorm import fold, shared_copy
from tests.support.layers import bits, going, noise, same, whole

pytestmark = pytest.mark.usefixtures("float64")

X_BCHW = noise(2, 3, 15, 18)


def conv(inputs: int = 3, outputs: int = 6, **settings) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, **settings)


PAIRS = {
    "with bias": lambda: (conv(), nn.BatchNorm2d(6)),
    "without bias": lambda: (conv(bias=False), nn.BatchNorm2d(6)),
    "strided and padded": lambda: (conv(stride=2, padding=1), nn.BatchNorm2d(6)),
    "dilated": lambda: (conv(dilation=2), nn.BatchNorm2d(6)),
    "in groups": lambda: (conv(groups=3, bias=False), nn.BatchNorm2d(6)),
    "depthwise": lambda: (conv(3, 3, groups=3), nn.BatchNorm2d(3)),
    "mirrored edges": lambda: (conv(padding=1, padding_mode="reflect"), nn.BatchNorm2d(6)),
    "padded as in TensorFlow": lambda: (Conv2dSame(3, 6, 3, stride=2), nn.BatchNorm2d(6)),
    "a large eps": lambda: (conv(), nn.BatchNorm2d(6, eps=0.3)),
    "timm's own": lambda: (conv(), BatchNormAct2d(6, eps=1e-3)),
    "timm's own without activation": lambda: (conv(), BatchNormAct2d(6, apply_act=False)),
}


def folded(network: nn.Module) -> tuple[nn.Module, int]:
    """A copy of ``network`` in which all that can be is folded, and how many times it was."""
    copied = shared_copy(network)
    return copied, fold(copied, X_BCHW)


@torch.no_grad()
@pytest.mark.parametrize("pair", PAIRS)
def test_weight_and_bias_are_those_of_the_formula(pair):
    first, norm = PAIRS[pair]()
    network = whole(first, norm)
    copied, number = folded(network)
    assert number == 1
    found = copied.body[0]
    for c in range(first.out_channels):
        sigma = (float(norm.running_var[c]) + norm.eps) ** 0.5
        factor = float(norm.weight[c]) / sigma
        own = 0.0 if first.bias is None else float(first.bias[c])
        torch.testing.assert_close(found.weight[c], first.weight[c] * factor)
        expected = float(norm.bias[c]) + (own - float(norm.running_mean[c])) * factor
        assert float(found.bias[c]) == pytest.approx(expected, rel=1e-12)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in copied.modules())


@torch.no_grad()
@pytest.mark.parametrize("pair", PAIRS)
def test_maps_are_the_same_and_the_network_is_left_as_it_was(pair):
    network = whole(*PAIRS[pair]())
    before, expected = bits(network), network.body(X_BCHW)
    copied, _ = folded(network)
    torch.testing.assert_close(copied.body(X_BCHW), expected, rtol=1e-12, atol=1e-12)
    assert same(bits(network), before)
    assert torch.equal(network.body(X_BCHW), expected)
    assert isinstance(network.body[1], nn.BatchNorm2d)


def test_an_activation_inside_batchnorm_stays():
    copied, _ = folded(whole(conv(), BatchNormAct2d(6, act_layer=nn.SiLU)))
    assert isinstance(copied.body[1], nn.SiLU)
    assert isinstance(folded(whole(conv(), nn.BatchNorm2d(6)))[0].body[1], nn.Identity)


@torch.no_grad()
def test_every_pair_of_a_network_is_folded():
    network = whole(
        conv(padding=1), nn.BatchNorm2d(6), nn.ReLU(inplace=True),
        conv(6, 6, groups=6, bias=False), nn.BatchNorm2d(6), nn.Hardswish(),
        ConvNormAct(6, 6, 1),
    )  # fmt: skip
    copied, number = folded(network)
    assert number == 3
    torch.testing.assert_close(copied.body(X_BCHW), network.body(X_BCHW), rtol=1e-12, atol=1e-12)


def both(part, x: Tensor) -> Tensor:
    y = part.conv(x)
    return part.norm(y) + part.other(y)


def norm_twice(part, x: Tensor) -> Tensor:
    return part.norm(part.conv(x)) + part.norm(part.other(x))


def conv_twice(part, x: Tensor) -> Tensor:
    return part.norm(part.conv(x)) + part.other(part.conv(x + 1))


def norm_after_itself(part, x: Tensor) -> Tensor:
    return part.norm(part.norm(part.conv(x)))


NORM = nn.BatchNorm2d
KEPT = {
    "two read the convolution": lambda: going(both, conv=conv(), norm=NORM(6), other=NORM(6)),
    "another layer reads it too": lambda: going(
        both, conv=conv(), norm=NORM(6), other=nn.Sigmoid()
    ),
    "batchnorm is used twice": lambda: going(norm_twice, conv=conv(), norm=NORM(6), other=conv()),
    "batchnorm reads itself": lambda: going(norm_after_itself, conv=conv(), norm=NORM(6)),
    "the convolution is used twice": lambda: going(
        conv_twice, conv=conv(), norm=NORM(6), other=nn.Tanh()
    ),
    "batchnorm without affine values": lambda: whole(conv(), NORM(6, affine=False)),
    "batchnorm without statistics": lambda: whole(conv(), NORM(6, track_running_stats=False)),
    "standardised weights": lambda: whole(StdConv2d(3, 6, 3), NORM(6)),
    "scaled standardised weights": lambda: whole(ScaledStdConv2d(3, 6, 3), NORM(6)),
    "weights under a parametrisation": lambda: whole(
        nn.utils.parametrizations.weight_norm(conv()), NORM(6)
    ),
    "transposed convolution": lambda: whole(nn.ConvTranspose2d(3, 6, 3), NORM(6)),
    "batchnorm comes first": lambda: whole(NORM(3), conv()),
    "something between": lambda: whole(conv(), nn.ReLU(), NORM(6)),
    "something in place between": lambda: whole(conv(), nn.ReLU(inplace=True), NORM(6)),
    "another norm": lambda: whole(conv(), nn.GroupNorm(2, 6)),
}


@torch.no_grad()
@pytest.mark.parametrize("case", KEPT)
def test_what_cannot_be_folded_is_kept(case):
    network = KEPT[case]()
    expected, before = network.body(X_BCHW), bits(network)
    copied, number = folded(network)
    assert number == 0
    assert torch.equal(copied.body(X_BCHW), expected)
    assert same(bits(copied), before)
    assert [type(part) for part in copied.modules()] == [type(part) for part in network.modules()]


@torch.no_grad()
def test_of_two_that_share_a_weight_only_the_folded_one_gets_another():
    first, second = conv(padding=1), conv(padding=1)
    second.weight = first.weight

    def way(part, x):
        return part.norm(part.first(x)) + part.second(x)

    network = going(way, first=first, norm=NORM(6), second=second)
    copied, number = folded(network)
    assert number == 1
    assert copied.body.second.weight.data_ptr() == first.weight.data_ptr()
    torch.testing.assert_close(copied.body(X_BCHW), network.body(X_BCHW), rtol=1e-12, atol=1e-12)


@torch.no_grad()
def test_a_batchnorm_with_two_names_is_folded_under_both():
    def way(part, x):
        return part.alias(part.conv(x))

    norm = NORM(6)
    network = going(way, conv=conv(), norm=norm, alias=norm)
    copied, number = folded(network)
    assert number == 1
    assert not isinstance(copied.body.norm, NORM)
    assert not isinstance(copied.body.alias, NORM)
    torch.testing.assert_close(copied.body(X_BCHW), network.body(X_BCHW), rtol=1e-12, atol=1e-12)


def test_new_weights_are_frozen_and_the_others_are_shared():
    network = whole(conv(), NORM(6), nn.ReLU(), conv(6, 6)).to(memory_format=torch.channels_last)
    copied, _ = folded(network)
    assert copied.body[0].weight.data_ptr() != network.body[0].weight.data_ptr()
    assert copied.body[3].weight.data_ptr() == network.body[3].weight.data_ptr()
    assert copied.head.weight.data_ptr() == network.head.weight.data_ptr()
    assert not copied.body[0].weight.requires_grad
    assert not copied.body[0].bias.requires_grad
    assert copied.body[0].weight.is_contiguous(memory_format=torch.channels_last)


def test_hooks_are_gone_afterwards():
    network = whole(conv(), NORM(6), BatchNormAct2d(6))
    copied, _ = folded(network)
    assert not any(part._forward_hooks for part in copied.modules())
    assert not any(part._forward_hooks for part in network.modules())


def test_a_network_that_fails_on_its_way_is_left_without_hooks():
    def way(part, x):
        raise RuntimeError("on the way")

    network = going(way, conv=conv(), norm=NORM(6))
    with pytest.raises(RuntimeError, match="on the way"):
        fold(network, X_BCHW)
    assert not any(part._forward_hooks for part in network.modules())


def test_gradients_to_the_image_are_the_same():
    network = whole(conv(padding=1), BatchNormAct2d(6), conv(6, 6, groups=2), NORM(6))
    gradients = []
    for one in (network, folded(network)[0]):
        x_BCHW = X_BCHW.clone().requires_grad_(True)
        F.gelu(one.body(x_BCHW)).sum().backward()
        gradients.append(x_BCHW.grad)
    torch.testing.assert_close(*gradients, rtol=1e-11, atol=1e-12)
