"""Frozen linear layers: the same products and gradients, by whichever library."""

from __future__ import annotations

import pytest
import timm
import torch
from torch import nn

from lorvp.networks.acceleration import onednn_linear
from lorvp.networks.acceleration.onednn_linear import FrozenLinear, by_onednn

pytestmark = pytest.mark.hardware
TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 2e-2, torch.float64: 1e-12}


def layer(bias: bool = True, dtype: torch.dtype = torch.float32) -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(24, 40, bias=bias, dtype=dtype).requires_grad_(False)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(5, 24), (2, 7, 24), (2, 3, 4, 24), (0, 24)])
def test_it_is_x_times_w_plus_b_and_its_gradient_g_times_w(shape, bias, dtype):
    own = layer(bias, dtype)
    x, g = torch.randn(shape, dtype=dtype), torch.randn(*shape[:-1], 40, dtype=dtype)
    x.requires_grad_()
    outputs = FrozenLinear(own)(x)
    (found,) = torch.autograd.grad(outputs, x, g)
    W, b = own.weight.double(), own.bias.double() if bias else 0
    expected = torch.einsum("...i,oi->...o", x.detach().double(), W) + b
    gradient = torch.einsum("...o,oi->...i", g.double(), W)
    most = TOLERANCE[dtype]
    torch.testing.assert_close(outputs.detach().double(), expected, rtol=most, atol=most)
    torch.testing.assert_close(found.double(), gradient, rtol=most, atol=most)
    assert outputs.dtype == found.dtype == dtype


def test_without_gradients_it_says_the_same():
    x, frozen = torch.randn(3, 24), FrozenLinear(layer())
    followed = frozen(x.clone().requires_grad_())
    with torch.inference_mode():
        assert torch.equal(frozen(x), followed)
    assert torch.equal(frozen(x), followed)


def test_what_is_given_may_be_part_of_something_else():
    own, whole = layer(), torch.randn(6, 48)
    torch.testing.assert_close(FrozenLinear(own)(whole[::2, 1::2]), own(whole[::2, 1::2]))


def test_weights_are_shared_and_nothing_is_stored_twice():
    own = layer()
    frozen = FrozenLinear(own)
    assert frozen.weight is own.weight
    assert frozen.bias is own.bias
    assert set(frozen.state_dict()) == {"weight", "bias"}


def test_every_linear_layer_is_replaced_and_says_the_same():
    network = timm.create_model("test_vit").eval().requires_grad_(False)
    number = sum(type(module) is nn.Linear for module in network.modules())
    x = torch.randn(2, 3, 160, 160)
    before = network(x)
    by_onednn(network)
    replaced = sum(isinstance(module, FrozenLinear) for module in network.modules())
    assert number > 0
    assert replaced == number
    torch.testing.assert_close(network(x), before, rtol=1e-4, atol=1e-4)


def no_such_operation(*given):
    raise AttributeError("'_OpNamespace' 'mkldnn' object has no attribute '_linear_pointwise'")


def no_such_product(*given):
    raise RuntimeError("could not create a primitive descriptor for the inner product")


@pytest.fixture
def asked_anew():
    """What oneDNN can do is asked once in a process; here once in the test."""
    onednn_linear._onednn_multiplies.cache_clear()
    yield
    onednn_linear._onednn_multiplies.cache_clear()


@pytest.mark.usefixtures("asked_anew")
@pytest.mark.parametrize("refusal", [no_such_operation, no_such_product])
def test_where_onednn_refuses_torch_multiplies(refusal, monkeypatch):
    monkeypatch.setattr(onednn_linear, "_product", refusal)
    own, x = layer(), torch.randn(5, 24, requires_grad=True)
    assert torch.equal(FrozenLinear(own)(x), own(x))
    why = onednn_linear.why_by_torch(torch.device("cpu"), torch.float32)
    assert why == "oneDNN refuses float32 here"


@pytest.mark.usefixtures("asked_anew")
def test_it_is_asked_once_for_each_kind_of_number(monkeypatch):
    asked, product = [], onednn_linear._product
    monkeypatch.setattr(
        onednn_linear,
        "_product",
        lambda x, w, b: asked.append((x.dtype, len(x))) or product(x, w, b),
    )
    frozen = FrozenLinear(layer())
    for _ in range(3):
        frozen(torch.randn(5, 24))
    assert asked == [(torch.float32, 1)] + 3 * [(torch.float32, 5)]


@pytest.mark.parametrize(
    ("device", "dtype", "why"),
    [
        ("cuda", torch.float32, "oneDNN is for CPUs, not for cuda"),
        ("cpu", torch.float64, "oneDNN has no products in float64"),
        ("cpu", torch.float32, None),
    ],
)
def test_why_torch_multiplies(device, dtype, why):
    assert onednn_linear.why_by_torch(torch.device(device), dtype) == why
