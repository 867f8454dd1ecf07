"""Devices are asked whether they have TF32 and are fast in bf16; what float32 products keep is set
for a block, and put back.

``.ci/run`` runs what is marked ``hardware`` again on a processor that plays an older one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import get_args

import pytest
import torch
from torch import nn

from lorvp.networks.acceleration import precision
from lorvp.networks.acceleration.account import of_products
from lorvp.networks.acceleration.engine import Engine
from lorvp.networks.acceleration.precision import (
    SlowPrecision,
    compute_in,
    computing_in,
    fp32_products,
    ieee_fp32,
    why_absent,
    why_slow,
)
from lorvp.recipe import Precision
from tests.support.layers import frozen, whole

CPU = torch.device("cpu")


@pytest.fixture
def onednn(monkeypatch):
    """What oneDNN says of bf16; None if torch was built without it."""

    def says(answer: bool | None) -> None:
        name = "_is_mkldnn_bf16_supported"
        if answer is None:
            monkeypatch.setattr(torch.ops, "mkldnn", object())
        else:
            monkeypatch.setattr(torch.ops.mkldnn, name, lambda: answer)

    precision._by_measurement.cache_clear()
    yield says
    precision._by_measurement.cache_clear()


@pytest.fixture
def takes(monkeypatch):
    """Seconds that a product takes, by its numbers."""

    def sets(**seconds: float) -> None:
        monkeypatch.setattr(precision, "_seconds", lambda dtype, at: seconds[str(dtype)[6:]])

    return sets


@pytest.mark.parametrize("device", ["cpu", "cuda", "mps", "cuda:3"])
def test_float32_is_never_slow_and_nobody_is_asked(device):
    assert why_slow("fp32", device) is None
    assert why_slow("tf32", device) is None


@pytest.mark.parametrize("device", ["cpu", "mps", "meta"])
def test_tf32_is_for_nvidia_cards_alone(device):
    expected = f"TF32 is a precision of NVIDIA cards, from Ampere on, and {device} is none"
    assert why_absent("tf32", device) == expected
    assert why_absent("fp32", device) is why_absent("bf16", device) is None


@pytest.mark.parametrize("major", [7, 8, 9])
def test_a_card_is_asked_for_tf32(monkeypatch, major):
    """By torch, which looks at the current card; the second one here is the one that is asked."""
    cards, current = {0: 6, 1: major}, [0]

    class Asked:
        def __init__(self, device: torch.device) -> None:
            self.index = device.index

        def __enter__(self) -> None:
            current.append(self.index)

        def __exit__(self, *_) -> None:
            current.pop()

    def properties(index: int):
        return type("Card", (), {"major": cards[index]})

    monkeypatch.setattr(torch.cuda, "device", Asked)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: current[-1])
    monkeypatch.setattr(torch.cuda, "get_device_properties", properties)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: f"card {current[-1]}")
    told = "card 1 has no TF32, which NVIDIA cards have from Ampere on"
    assert why_absent("tf32", "cuda:1") == (None if major >= 8 else told)
    assert current == [0]
    assert why_absent("tf32", "cuda") == told.replace("1", "0")


def test_onednn_is_asked_for_bf16_on_a_cpu_and_nothing_is_measured(onednn, takes):
    takes()
    onednn(True)
    assert why_slow("bf16", "cpu") is None
    onednn(False)
    assert why_slow("bf16", "cpu") == "this processor has no bf16 products, says oneDNN"


@pytest.mark.parametrize(
    ("seconds", "slow"), [(0.5, False), (3.9, False), (4.1, True), (200, True)]
)
def test_without_onednn_a_product_is_measured(onednn, takes, seconds, slow):
    onednn(None)
    takes(float32=1.0, bfloat16=seconds)
    why = why_slow("bf16", "cpu")
    assert why == (f"a bf16 product takes {seconds:.0f} times as long as in fp32" if slow else None)


def test_a_device_that_has_no_such_numbers_is_told_of(onednn, monkeypatch):
    def refuses(dtype, device):
        raise TypeError("BFloat16 is not supported on MPS")

    monkeypatch.setattr(precision, "_seconds", refuses)
    expected = "torch multiplies no bf16 matrices on mps: BFloat16 is not supported on MPS"
    assert why_slow("bf16", "mps") == expected


@pytest.mark.parametrize("there", [True, False])
def test_cuda_is_asked_for_bf16_that_is_not_emulated(monkeypatch, there):
    """Cards before Ampere have an emulation, which torch counts unless told not to."""
    monkeypatch.setattr(
        torch.cuda,
        "is_bf16_supported",
        lambda including_emulation=True: including_emulation or there,
    )
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Tesla T4")
    expected = None if there else "Tesla T4 has no bf16 products, says CUDA"
    assert why_slow("bf16", "cuda") == expected


@pytest.mark.hardware
def test_what_onednn_says_is_what_its_products_do():
    """An answer of oneDNN's, and a product that it makes or refuses."""
    one = torch.ones(1, 1, dtype=torch.bfloat16)
    try:
        torch.ops.mkldnn._linear_pointwise(one, one, None, "none", [], "")
    except RuntimeError:
        assert why_slow("bf16", "cpu") is not None
    else:
        assert why_slow("bf16", "cpu") is None


@pytest.mark.hardware
@pytest.mark.skipif(os.environ.get("ONEDNN_MAX_CPU_ISA") != "AVX2", reason="plays no older one")
def test_a_processor_that_plays_an_older_one_has_no_bf16():
    assert why_slow("bf16", "cpu") is not None


def small() -> Engine:
    return Engine(frozen(whole(nn.Conv2d(3, 6, 3), nn.GELU())), "bf16")


def test_a_library_user_is_warned_of_what_is_slow_and_gets_it(onednn):
    onednn(False)
    with pytest.warns(SlowPrecision, match="bf16 is far slower than fp32 here: this processor"):
        made = small()
    canvas_BCHW, added_1CHW = torch.rand(2, 3, 16, 16), torch.zeros(1, 3, 16, 16)
    assert torch.isfinite(made.run(canvas_BCHW, added_1CHW, "logits")).all()
    assert "slow: this processor has no bf16 products" in made.account()["precision"]


@pytest.mark.filterwarnings("error")
def test_nobody_is_warned_where_it_is_fast(onednn):
    onednn(True)
    assert made_precision(small()) == "bfloat16"


def made_precision(made: Engine) -> str:
    return made.account()["precision"]


PARTS = {
    "cudnn": lambda: torch.backends.cudnn,
    "cudnn.conv": lambda: torch.backends.cudnn.conv,
    "cuda.matmul": lambda: torch.backends.cuda.matmul,
    "mkldnn.conv": lambda: torch.backends.mkldnn.conv,
    "mkldnn.matmul": lambda: torch.backends.mkldnn.matmul,
}
GPUS = {"cudnn", "cudnn.conv", "cuda.matmul"}


def now() -> dict[str, str]:
    parts = {name: part().fp32_precision for name, part in PARTS.items()}
    return parts | {"all": torch.backends.fp32_precision}


def kept(precision: Precision) -> dict[str, str]:
    """What each part is to compute in; no CPU rounds to TF32 without being seen to."""
    gpus = "tf32" if precision == "tf32" else "ieee"
    return {name: gpus if name in GPUS else "ieee" for name in PARTS} | {"all": gpus}


IN_A_PROCESS_OF_ITS_OWN = """
import torch
from lorvp.networks.acceleration.precision import computing_in
from tests.unit.networks import test_precision as asked

before = asked.now()
assert before["cudnn.conv"] == "tf32", "cuDNN's default, which this is about"
for precision in ("fp32", "tf32", "bf16"):
    with computing_in(precision):
        assert asked.now() == asked.kept(precision)
        # As torch.compile does behind each graph that it traces.
        part = torch.backends.cuda.matmul
        part.fp32_precision = part.fp32_precision
        with computing_in("fp32"):
            assert asked.now() == asked.kept("fp32")
        assert asked.now() == asked.kept(precision)
    assert asked.now() == before
    try:
        with computing_in(precision):
            raise ZeroDivisionError
    except ZeroDivisionError:
        assert asked.now() == before
torch.backends.fp32_precision = "ieee"
assert set(asked.now().values()) == {"ieee"}, "nobody's own setting was left behind"
"""


def test_a_precision_is_that_of_a_block_and_all_is_as_before_behind_it():
    """Apart from other tests: torch.export, for one, sets cuDNN's precision for good."""
    subprocess.run([sys.executable, "-c", IN_A_PROCESS_OF_ITS_OWN], check=True)


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("precision", get_args(Precision))
def test_what_somebody_has_set_is_set_too_and_is_put_back(name, precision):
    part = PARTS[name]()
    with computing_in("fp32"):  # puts back what this test does
        for own in ("tf32", "ieee"):
            part.fp32_precision = own
            before = now()
            with computing_in(precision):
                assert now() == kept(precision)
            assert now() == before


def test_what_float32_means_on_a_gpu_is_told():
    with computing_in("tf32"):
        assert fp32_products() == "convolutions and products in TF32"
        with ieee_fp32():
            assert fp32_products() == "convolutions and products in IEEE fp32"
            torch.backends.cudnn.conv.fp32_precision = "tf32"
            assert fp32_products() == "convolutions in TF32, products in IEEE fp32"


@pytest.mark.parametrize(("precision", "words"), [("fp32", "IEEE fp32"), ("tf32", "TF32")])
def test_the_account_says_what_is_computed_and_not_what_is_set_while_it_is_made(
    monkeypatch, precision, words
):
    monkeypatch.setattr(torch.cuda, "is_tf32_supported", lambda: True)
    for outside in get_args(Precision):
        with computing_in(outside):
            told = of_products(nn.Linear(2, 2), torch.device("cuda"), torch.float32, precision)
        assert told["precision"] == f"float32: convolutions and products in {words}"


def test_tf32_where_it_is_not_has_fp32s_bits_and_says_so():
    network = frozen(whole(nn.Conv2d(3, 6, 3), nn.GELU()))
    plain, other = Engine(network), Engine(network, "tf32")
    assert made_precision(other) == f"float32: {why_absent('tf32', 'cpu')}"
    assert made_precision(plain) == "float32"
    canvas_BCHW, added_1CHW = torch.rand(2, 3, 16, 16), torch.zeros(1, 3, 16, 16)
    expected = plain.run(canvas_BCHW, added_1CHW, "logits")
    with computing_in("tf32"):
        assert torch.equal(other.run(canvas_BCHW, added_1CHW, "logits"), expected)


def test_a_repeatable_process_is_in_ieee_fp32():
    code = """
from lorvp.training.determinism import make_repeatable
from tests.unit.networks.test_precision import now

assert set(now().values()) != {"ieee"}
make_repeatable()
assert set(now().values()) == {"ieee"}
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_from_now_on_is_until_it_is_set_again():
    with computing_in("fp32"):  # puts back what this test does
        compute_in("tf32")
        assert now() == kept("tf32")
        compute_in("fp32")
        assert now() == kept("fp32")
