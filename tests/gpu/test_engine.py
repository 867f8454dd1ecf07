"""The engine on a GPU: cuDNN's TF32 does not keep a ResNet-50 from being folded and split.

`uv run pytest tests/gpu`; some seconds and no network, where there is a CUDA device.
"""

from __future__ import annotations

import os

import pytest
import timm
import torch
from torch import Tensor

from lorvp.experiment.trial import Trial
from lorvp.networks.acceleration.compilation import why_triton_fails
from lorvp.networks.acceleration.engine import Engine, engine
from lorvp.networks.acceleration.precision import (
    computing_in,
    ieee_fp32,
    why_absent,
    why_slow,
)
from lorvp.networks.frozen import FrozenNetwork
from lorvp.trials.run import run
from tests.support.layers import bits, noise, same, unlike_fresh
from tests.support.tiny import MEAN, STD, dataset, source_names

# As a worker has it: without it cuBLAS refuses to work with repeatable kernels.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")

NORMS = 53
"""BatchNorms of a ResNet-50: one in the stem, three in each of 16 blocks, and four of shortcuts."""


def resnet(size: tuple[int, int]) -> FrozenNetwork:
    torch.manual_seed(0)
    made = unlike_fresh(timm.create_model("resnet50", num_classes=7))
    return FrozenNetwork(made, size, MEAN, STD, source_names(7)).to("cuda")


@pytest.fixture(scope="module")
def network() -> FrozenNetwork:
    return resnet((224, 224))


@pytest.fixture(scope="module")
def made(network: FrozenNetwork) -> Engine:
    return Engine(network)


def through(one: FrozenNetwork) -> list[Tensor]:
    """Features, logits and the prompt's gradient."""
    canvas_BCHW = noise(4, 3, *one.input_size).to(one.mean_C11)
    added_1CHW = (noise(1, 3, *one.input_size, seed=1) / 10).to(one.mean_C11)
    added_1CHW.requires_grad_(True)
    features_BD = one.run(canvas_BCHW, added_1CHW, "features")
    logits_BS = one.run(canvas_BCHW, added_1CHW, "logits")
    logits_BS.square().sum().backward()
    return [features_BD.detach(), logits_BS.detach(), added_1CHW.grad]


def furthest(found: Tensor, expected: Tensor) -> float:
    """The largest difference, as a part of the largest value."""
    return float((found - expected).abs().max() / expected.abs().max())


def test_it_is_folded_and_split_and_says_so(network, made):
    before = bits(network)
    again = Engine(network)
    assert (again.folded, again.stem is not None) == (NORMS, True)
    told = made.account()
    assert told["folding"] == f"{NORMS} of {NORMS} BatchNorms folded"
    assert told["stem"] == "stem split"
    assert told["linear"] == "1 linear layers by torch: oneDNN is for CPUs, not for cuda"
    assert told["precision"] == "float32: convolutions and products in IEEE fp32"
    assert same(bits(network), before)


def test_cudnn_goes_on_in_the_precision_it_had(network):
    before = torch.backends.cudnn.conv.fp32_precision, torch.backends.fp32_precision
    Engine(network)
    assert (torch.backends.cudnn.conv.fp32_precision, torch.backends.fp32_precision) == before


def test_outputs_are_those_of_the_plain_network_in_ieee_fp32(network, made):
    with ieee_fp32():
        found, expected = through(made), through(network)
    assert max(map(furthest, found[:2], expected[:2])) < 1e-4


def test_gradients_are_those_of_the_plain_network():
    """In float64, since rounding in fp32 moves some value of 53 ReLUs across its kink."""
    exact = resnet((64, 64)).double()
    found, expected = through(Engine(exact)), through(exact)
    assert float(expected[2].abs().max()) > 0
    assert max(map(furthest, found, expected)) < 1e-9


def test_in_tf32_outputs_and_gradients_differ_from_fp32s_by_the_bits_that_it_lacks(network):
    if (why := why_absent("tf32", "cuda")) is not None:
        pytest.skip(why)
    made = Engine(network, "tf32")
    assert made.account()["precision"] == "float32: convolutions and products in TF32"
    with computing_in("tf32"):
        found = through(made)
    with computing_in("fp32"):
        expected = through(made)
    assert 1e-5 < max(map(furthest, found[:2], expected[:2])) < 1e-2
    assert furthest(found[2], expected[2]) > 1e-5


@pytest.mark.parametrize("precision", ["fp32", "tf32", "bf16"])
def test_products_and_convolutions_keep_what_the_precision_says(precision):
    """With factors that TF32 rounds to 1, so that each product is 1 and not 1 + 2^-11."""
    if (why := why_absent(precision, "cuda")) is not None:
        pytest.skip(why)
    factor = 1 + 2.0**-12
    x_BCHW = torch.full((8, 64, 56, 56), factor, device="cuda", requires_grad=True)
    weight_OIHW = torch.full((64, 64, 3, 3), factor, device="cuda")
    a = torch.full((1024, 1024), factor, device="cuda")
    with computing_in(precision):
        given_BCHW = torch.nn.functional.conv2d(x_BCHW, weight_OIHW)
        given_BCHW.backward(torch.full_like(given_BCHW, factor))
        product = a @ a
    assert x_BCHW.grad is not None
    sums = [product / 1024, given_BCHW / 576, x_BCHW.grad[:, :, 9:-9, 9:-9] / 576]
    expected = 1.0 if precision == "tf32" else factor * factor
    assert [float(s.double().mean()) for s in sums] == pytest.approx([expected] * 3, abs=1e-5)


def test_in_bf16_too_it_is_folded_and_split(network):
    if (why := why_slow("bf16", "cuda")) is not None:
        pytest.skip(why)
    low = Engine(network, "bf16")
    assert (low.folded, low.stem is not None) == (NORMS, True)
    assert low.account()["precision"] == "bfloat16"
    with ieee_fp32():
        found, expected = through(low), through(network)
    assert max(map(furthest, found[:2], expected[:2])) < 0.1


def test_auto_compiles_a_large_network_and_gives_the_same_bits_again(network, made):
    if (why := why_triton_fails(torch.device("cuda"))) is not None:
        pytest.skip(why)
    first, again = (Engine(network, "fp32", "auto") for _ in range(2))
    assert first.account()["compile"] == "compiled, default"
    with ieee_fp32():
        found, expected, repeated = through(first), through(made), through(again)
    assert max(map(furthest, found[:2], expected[:2])) < 1e-4
    assert all(map(torch.equal, found, repeated))


def test_auto_leaves_a_small_network_as_it_is():
    told = Engine(resnet((32, 32)), "fp32", "auto").account()["compile"]
    assert told == "not compiled: 0.17 GFLOP for an image are less than 1"


def test_a_trials_record_says_what_was_folded(network, tmp_path):
    trial = {
        "dataset": "noise",
        "network": "resnet50",
        "method": {"kind": "lor_vp", "rank": 2},
        "mapping": "lp",
        "training": {"epochs": 1, "batch_size": 4, "compile": "off"},
    }
    result = run(Trial.model_validate(trial), network, dataset(tmp_path / "noise"), "cuda")
    assert result.engine == engine(network, "fp32").account()
    assert result.engine["folding"] == f"{NORMS} of {NORMS} BatchNorms folded"
