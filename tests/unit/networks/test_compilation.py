"""The frozen network compiled: the same outputs and gradients, and plain for who reaches inside."""

from __future__ import annotations

import os
import shutil
import sysconfig
from contextlib import contextmanager
from pathlib import Path
from subprocess import CalledProcessError

import pytest
import torch
from torch import nn
from torch._inductor.runtime.cache_dir_utils import default_cache_dir

from lorvp.errors import InputError
from lorvp.networks.acceleration import compilation
from lorvp.networks.acceleration.compilation import (
    CACHE,
    COMPILERS,
    chosen,
    compiled,
    flops_of_an_image,
    keep_apart_by_processor,
    why_triton_fails,
)
from lorvp.networks.acceleration.engine import engine
from lorvp.networks.frozen import FrozenNetwork
from lorvp.recipe import TrainingConfig
from tests.support.networks.ready import of
from tests.support.networks.samples import clip, facts

pytestmark = pytest.mark.hardware
SIZE = (8, 8)


class Small(nn.Module):
    """Two layers, since each one that is compiled takes seconds."""

    head_hidden_size = 4

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4, 5)

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        return self.first(x).relu()

    def forward_head(self, x: torch.Tensor, pre_logits: bool = False) -> torch.Tensor:
        features = x.mean((2, 3))
        return features if pre_logits else self.last(features)


def frozen() -> FrozenNetwork:
    torch.manual_seed(0)
    return FrozenNetwork(Small().eval(), SIZE, [0.5] * 3, [0.2] * 3, [str(n) for n in range(5)])


def there_is_a_compiler() -> bool:
    """And what it includes."""
    headers = Path(sysconfig.get_path("include"), "Python.h")
    return headers.exists() and any(map(shutil.which, COMPILERS))


# torch hides this warning of its own from whoever shows warnings, not from whoever raises them.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
@pytest.mark.skipif(not there_is_a_compiler(), reason="no C++ compiler is here")
def test_outputs_and_gradients_are_those_of_the_network_as_it_is():
    network = frozen()
    plain, fast = engine(network, "fp32"), engine(network, "fp32", "default")
    assert fast is engine(network, "fp32", "default")
    assert fast is not plain
    canvas_BCHW = torch.rand(3, 3, *SIZE)
    given = [torch.zeros(1, 3, *SIZE, requires_grad=True) for _ in range(2)]
    outputs = [
        one.run(canvas_BCHW, added, "logits")
        for one, added in zip((plain, fast), given, strict=True)
    ]
    torch.testing.assert_close(outputs[1], outputs[0])
    grads = [
        torch.autograd.grad(out.square().sum(), added)[0]
        for out, added in zip(outputs, given, strict=True)
    ]
    torch.testing.assert_close(grads[1], grads[0])
    assert grads[0].abs().sum() > 0
    assert fast.stem is not None
    assert fast.stem.term is None


@pytest.mark.skipif(not there_is_a_compiler(), reason="no C++ compiler is here")
def test_whoever_reaches_inside_finds_the_network_as_it_is():
    fast = engine(frozen(), "fp32", "default")
    seen = []

    @contextmanager
    def hooks():
        first = fast.network.get_submodule("first")
        hook = first.register_forward_hook(lambda *call: seen.append(call))
        yield
        hook.remove()

    fast.run(torch.rand(2, 3, *SIZE), torch.zeros(1, 3, *SIZE), "logits", hooks)
    assert len(seen) == 1


def test_without_a_compiler_it_says_so_before_anything_is_trained(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(InputError, match=r"training\.compile.*no-such-compiler is here"):
        compiled(len, "default", torch.device("cpu"))


def test_on_a_gpu_without_triton_it_says_so_before_anything_is_trained(monkeypatch):
    monkeypatch.setenv("CXX", "sh")
    monkeypatch.setattr(compilation, "has_triton", lambda: False)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Tesla P100")
    with pytest.raises(InputError, match=r"training\.compile: default needs Triton for Tesla P100"):
        compiled(len, "default", torch.device("cuda"))


def test_sums_are_in_one_order_whatever_was_faster_once(monkeypatch):
    """torch's compiler measures, unless it is told that bits matter, and takes what won."""
    monkeypatch.setenv("CXX", "sh")
    monkeypatch.setattr(torch, "compile", lambda function, **how: how)
    cpu = torch.device("cpu")
    assert compiled(len, "default", cpu) == {
        "dynamic": False,
        "options": {"deterministic": True},
    }
    assert compiled(len, "reduce-overhead", cpu)["options"] == {
        "deterministic": True,
        "triton.cudagraphs": True,
    }


class On:
    """A network as far as the rule looks at it."""

    def __init__(self, device: str) -> None:
        self.mean_C11 = type("Tensor", (), {"device": torch.device(device)})


@pytest.fixture
def asked(monkeypatch):
    """Of a network's size and of Triton; the answers can be set."""
    answers = {"flops": 4e9, "triton": None}
    monkeypatch.setattr(compilation, "flops_of_an_image", lambda network: answers["flops"])
    monkeypatch.setattr(compilation, "why_triton_fails", lambda device: answers["triton"])
    return answers


@pytest.mark.parametrize("device", ["cpu", "mps", "meta"])
def test_auto_compiles_nothing_where_it_is_not_for(asked, device):
    why = f"it is for CUDA devices, not for {device}"
    assert chosen("auto", On(device)) == (None, why)


@pytest.mark.parametrize(
    ("flops", "why"),
    [
        (1e9, None),
        (0.999e9, "1 GFLOP for an image are less than 1"),
        (6e6, "0.006 GFLOP for an image are less than 1"),
    ],
)
def test_auto_compiles_what_is_large_enough_for_a_gpu(asked, flops, why):
    asked["flops"] = flops
    assert chosen("auto", On("cuda:1")) == (None if why else "default", why)


def test_auto_compiles_nothing_where_triton_fails(asked):
    asked["triton"] = "no C compiler"
    assert chosen("auto", On("cuda")) == (None, "no C compiler")


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_what_is_asked_for_is_done_and_nobody_is_asked(monkeypatch, device):
    monkeypatch.setattr(compilation, "flops_of_an_image", None)
    monkeypatch.setattr(compilation, "why_triton_fails", None)
    assert chosen("max-autotune", On(device)) == ("max-autotune", None)
    assert chosen("off", On(device)) == (None, None)


def test_nothing_is_off_and_unsaid_is_auto():
    assert TrainingConfig.model_validate({"compile": None}).compile == "off"
    assert TrainingConfig.model_validate({}).compile == "auto"


def test_on_a_cpu_auto_is_the_network_as_it_is_and_says_why():
    network = frozen()
    plain, auto = engine(network, "fp32"), engine(network, "fp32", "auto")
    assert auto.mode is None
    assert auto._read is plain._read
    told = {"compile": "not compiled: it is for CUDA devices, not for cpu"}
    assert auto.account() == auto.account(inside=True) == plain.account() | told


def test_flops_are_those_of_convolutions_products_and_attention():
    assert flops_of_an_image(frozen()) == 2 * 3 * 4 * 3 * 3 * 8 * 8
    vit = of(facts("test_vit", patch=8))
    tokens, width = 4 * 4 + 1, vit.canvas.tokens.width
    layers = [part for part in vit.network.blocks.modules() if isinstance(part, nn.Linear)]
    expected = 2 * 16 * width * 3 * 8 * 8  # the patches
    expected += sum(2 * tokens * part.in_features * part.out_features for part in layers)
    expected += len(vit.network.blocks) * 2 * 2 * tokens**2 * width
    assert flops_of_an_image(vit) == expected


def test_texts_of_a_network_that_reads_them_do_not_count():
    network = of(clip().facts())
    assert flops_of_an_image(network.for_targets(["one"])) == flops_of_an_image(network)


@pytest.fixture
def triton(monkeypatch):
    """A Triton, and torch's compiler, which does what is asked of it here."""
    monkeypatch.setattr(compilation, "has_triton", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Tesla P100")
    monkeypatch.setenv(CACHE, "/mine")

    def does(work) -> None:
        monkeypatch.setattr(torch, "compile", lambda function: work)

    why_triton_fails.cache_clear()
    yield does
    why_triton_fails.cache_clear()


def failing(error: Exception):
    def work(x: torch.Tensor):
        raise error

    return work


@pytest.mark.parametrize("kind", [RuntimeError, OSError, ImportError, CalledProcessError])
def test_triton_is_tried_and_what_fails_is_told(triton, kind):
    cpu = torch.device("cpu")
    error = kind(1, "cc") if kind is CalledProcessError else kind("no\n  C compiler")
    triton(failing(error))
    shown = str(error) if kind is CalledProcessError else "no C compiler"
    assert why_triton_fails(cpu) == f"Triton fails here: {shown}"


def test_what_works_is_tried_once(triton, monkeypatch):
    tried = []
    triton(tried.append)
    assert why_triton_fails(torch.device("cpu")) is why_triton_fails(torch.device("cpu")) is None
    assert len(tried) == 1


def test_a_full_memory_is_no_reason_to_do_without(triton):
    triton(failing(torch.OutOfMemoryError("full")))
    with pytest.raises(torch.OutOfMemoryError):
        why_triton_fails(torch.device("cpu"))


def test_a_card_that_triton_does_not_know_is_named(triton, monkeypatch):
    monkeypatch.setattr(compilation, "has_triton", lambda: False)
    expected = "torch finds no Triton that works with Tesla P100"
    assert why_triton_fails(torch.device("cuda")) == expected


def test_each_kind_of_processor_has_its_own_cache_unless_the_user_has_named_one(monkeypatch):
    def cache(capability: str, before: str) -> str:
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
        monkeypatch.setenv(CACHE, before)
        keep_apart_by_processor()
        return os.environ[CACHE]

    torchs = default_cache_dir()
    assert cache("AVX512", torchs) == cache("AVX512", torchs)
    assert len({torchs, cache("AVX512", torchs), cache("AVX2", torchs)}) == 3
    assert cache("AVX512", "/mine") == "/mine"
    monkeypatch.delenv(CACHE)
    keep_apart_by_processor()
    assert os.environ[CACHE] == cache("AVX512", torchs)
