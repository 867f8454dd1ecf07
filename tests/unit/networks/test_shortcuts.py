"""When the engine takes its shortcuts: only if the outputs stay the same, in IEEE fp32."""

import re
from contextlib import nullcontext

import pytest
import torch
from torch import Tensor, nn

from lorvp.networks.acceleration import engine as engines
from lorvp.networks.acceleration.engine import Engine
from lorvp.networks.acceleration.precision import computing_in, ieee_fp32
from lorvp.networks.agreement import agree
from tests.support.layers import NORM, frozen, going, noise
from tests.support.networks.ready import of
from tests.support.networks.samples import facts

ODD = {
    "what the convolution gives is read besides": lambda part, x: part.norm(y := part.conv(x)) + y,
    "it is changed in place between": lambda part, x: part.norm(torch.relu_(part.conv(x))),
    "it is kept for later": lambda part, x: (y := part.conv(x), part.norm(y))[1] * y.mean(),
    "the image is read besides": lambda part, x: part.norm(part.conv(x)) + x.mean(),
}


@pytest.mark.parametrize("case", ODD)
def test_where_the_shortcuts_would_be_wrong_none_is_taken(case, float64):
    network = frozen(going(ODD[case], conv=nn.Conv2d(3, 6, 3), norm=NORM(6)))
    made = Engine(network)
    assert (made.folded, made.stem, made.prompt_part) == (0, None, None)
    assert made.network is network.network
    told = made.account()["folding"]
    assert re.fullmatch(r"nothing folded or split: features would not .* \(.* apart, of .*\)", told)
    outputs, gradients = [], []
    for one in (made, network):
        added_1CHW = noise(1, 3, 16, 16, seed=1).requires_grad_(True)
        outputs.append(one.run(noise(3, 3, 16, 16), added_1CHW, "logits"))
        outputs[-1].square().sum().backward()
        gradients.append(added_1CHW.grad)
    torch.testing.assert_close(*outputs, rtol=1e-13, atol=0)
    torch.testing.assert_close(*gradients, rtol=1e-12, atol=1e-15)


def in_tf32(tensor: Tensor) -> Tensor:
    """With the 10 bits behind the point that TF32 has of 23, rounded to the nearest."""
    shortened = (tensor.contiguous().view(torch.int32) + (1 << 12)) & ~((1 << 13) - 1)
    return shortened.view(torch.float32)


@pytest.fixture
def like_cudnn(monkeypatch):
    """Convolutions as on a GPU: in TF32 unless IEEE fp32 is asked for, in cuDNN's own setting."""
    ieee = nn.Conv2d._conv_forward

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if torch.backends.cudnn.conv.fp32_precision == "tf32":
            x, weight = in_tf32(x), in_tf32(weight)
        return ieee(self, x, weight, bias)

    monkeypatch.setattr(nn.Conv2d, "_conv_forward", forward)
    with computing_in("tf32"):
        yield


@torch.no_grad()
@pytest.mark.usefixtures("like_cudnn")
def test_where_convolutions_are_in_tf32_shortcuts_are_taken_all_the_same():
    network = of(facts("test_resnet", size=64))
    made = Engine(network)
    assert (made.folded, made.stem is not None) == (15, True)
    canvas_BCHW, added_1CHW = torch.rand(2, 3, 64, 64), torch.zeros(1, 3, 64, 64)
    found, plain = (one.run(canvas_BCHW, added_1CHW, "features") for one in (made, network))
    # What it is compared in is IEEE's, or it could not be known to be the same network.
    assert not agree(found, plain)
    with ieee_fp32():
        exact = network.run(canvas_BCHW, added_1CHW, "features")
        assert agree(made.run(canvas_BCHW, added_1CHW, "features"), exact)
    assert not torch.equal(plain, exact)


@pytest.mark.usefixtures("like_cudnn")
def test_compared_in_tf32_none_would_be_taken_and_it_would_be_told(monkeypatch):
    monkeypatch.setattr(engines, "ieee_fp32", nullcontext)
    made = Engine(of(facts("test_resnet", size=64)))
    assert (made.folded, made.stem) == (0, None)
    assert made.account()["folding"].startswith("nothing folded or split: features would not be")
