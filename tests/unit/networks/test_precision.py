"""Devices are asked whether they are fast in bf16, and IEEE fp32 keeps all bits and is put back.

``.ci/run`` runs what is marked ``hardware`` again on a processor that plays an older one.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from lorvp.networks.acceleration import precision
from lorvp.networks.acceleration.engine import Engine
from lorvp.networks.acceleration.precision import SlowPrecision, fp32_products, ieee_fp32, why_slow
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
def test_fp32_is_never_slow_and_nobody_is_asked(device):
    assert why_slow("fp32", device) is None


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


BACKENDS = torch.backends
PARTS = {
    "cudnn.conv": lambda: BACKENDS.cudnn.conv,
    "cuda.matmul": lambda: BACKENDS.cuda.matmul,
    "mkldnn.conv": lambda: BACKENDS.mkldnn.conv,
    "mkldnn.matmul": lambda: BACKENDS.mkldnn.matmul,
}


def now() -> dict[str, str]:
    parts = {name: part().fp32_precision for name, part in PARTS.items()}
    return parts | {"all": BACKENDS.fp32_precision}


IN_A_PROCESS_OF_ITS_OWN = """
import torch
from lorvp.networks.acceleration.precision import ieee_fp32

everything = torch.backends
parts = [everything.cudnn.conv, everything.cuda.matmul, everything.mkldnn.conv,
         everything.mkldnn.matmul, everything]

def now():
    return [part.fp32_precision for part in parts]

before = now()
assert before[0] == "tf32", "cuDNN's default, which this is about"
with ieee_fp32():
    assert set(now()) == {"ieee"}
assert now() == before
try:
    with ieee_fp32():
        raise ZeroDivisionError
except ZeroDivisionError:
    assert now() == before
everything.fp32_precision = "ieee"
assert set(now()) == {"ieee"}, "what nobody has set follows the one for all, as it did before"
"""


def test_in_ieee_fp32_everything_is_and_all_is_as_before_behind_it():
    """Apart from other tests: torch.export, for one, sets cuDNN's precision for good."""
    subprocess.run([sys.executable, "-c", IN_A_PROCESS_OF_ITS_OWN], check=True)


@pytest.mark.parametrize("name", ["cuda.matmul", "mkldnn.matmul"])
def test_what_somebody_has_set_is_ieee_too_and_is_put_back(name):
    part = PARTS[name]()
    part.fp32_precision = "tf32"
    try:
        with ieee_fp32():
            assert set(now().values()) == {"ieee"}
        assert part.fp32_precision == "tf32"
    finally:
        part.fp32_precision = "none"


def test_what_fp32_means_on_a_gpu_is_told():
    assert fp32_products() == "convolutions in TF32, products in IEEE fp32"
    with ieee_fp32():
        assert fp32_products() == "convolutions in IEEE fp32, products in IEEE fp32"
