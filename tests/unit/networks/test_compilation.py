"""The frozen network compiled: the same outputs and gradients, and plain for who reaches inside."""

from __future__ import annotations

import os
import shutil
import sysconfig
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from torch import nn
from torch._inductor.runtime.cache_dir_utils import default_cache_dir

from lorvp.errors import InputError
from lorvp.networks.acceleration import compilation
from lorvp.networks.acceleration.compilation import (
    CACHE,
    COMPILERS,
    compiled,
    keep_apart_by_processor,
)
from lorvp.networks.acceleration.engine import engine
from lorvp.networks.frozen import FrozenNetwork

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
