"""The frozen network compiled by ``torch.compile``, where that pays.

What stands between products (attention, LayerNorm, GELU, bias, residual; ReLU and addition) is
fused into a few kernels. On an H200, batch 256, bf16, ResNet-18 so trains 16,478 images per second
(9,763 without) and ViT-B/16 4,352 (3,660), after 17 seconds for each shape of a batch. On a CPU it
takes longer and gains little (``tests/benchmarks/compiling.py``).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from functools import cache
from subprocess import SubprocessError
from typing import Any

import torch
from torch import Tensor
from torch.utils._triton import has_triton

from lorvp.errors import InputError
from lorvp.networks.frozen import FrozenNetwork
from lorvp.recipe import Compile, CompileMode

COMPILERS = ("g++", "clang++", "c++")
CACHE = "TORCHINDUCTOR_CACHE_DIR"
WORTH = 1e9
"""FLOPs of an image's forward pass from which on ``auto`` compiles on a GPU. Smaller networks wait
longer for the compiler than they train, and what they wait for while they train is Python."""
SHAPES = 64
"""The most shapes to compile for: batches and rests in training and evaluation, of each dataset."""


def chosen(mode: Compile, network: FrozenNetwork) -> tuple[CompileMode | None, str | None]:
    """The mode to compile ``network`` in, or None and why ``auto`` compiles nothing.

    It depends on network and device alone, so that a trial's bits never depend on what else runs.
    """
    if mode == "off":
        return None, None
    if mode != "auto":
        return mode, None
    why_not = _why_not(network)
    return (None, why_not) if why_not else ("default", None)


def _why_not(network: FrozenNetwork) -> str | None:
    """Why ``auto`` compiles nothing; None if it does."""
    device = network.mean_C11.device
    if device.type != "cuda":
        return f"it is for CUDA devices, not for {device.type}"
    if (flops := flops_of_an_image(network)) < WORTH:
        return f"{flops / 1e9:.2g} GFLOP for an image are less than {WORTH / 1e9:.0f}"
    return why_triton_fails(device)


@torch.no_grad()
def flops_of_an_image(network: FrozenNetwork) -> float:
    """FLOPs of products and convolutions from an image to its features, two for each pair of
    factors, counted by torch while the network reads one."""
    from torch.utils.flop_counter import FlopCounterMode  # imports Triton

    canvas_1CHW = network.mean_C11.expand(1, -1, *network.input_size)
    with FlopCounterMode(display=False) as counter:
        network.run(canvas_1CHW, torch.zeros_like(network.mean_C11)[None], "features")
    return float(counter.get_total_flops())


@cache
def why_triton_fails(device: torch.device) -> str | None:
    """Why torch can compile nothing for this GPU, found by compiling a sum; None if it can.

    Triton needs a C compiler, Python's headers, a folder whose files may be run, and a card that it
    knows; nobody knows all of it without trying.
    """
    keep_apart_by_processor()
    if not has_triton():
        return f"torch finds no Triton that works with {torch.cuda.get_device_name(device)}"
    try:
        torch.compile(_twice)(torch.ones(2, device=device))
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, OSError, ImportError, SubprocessError) as error:
        return f"Triton fails here: {' '.join(str(error).split())[:200]}"
    return None


def _twice(x: Tensor) -> Tensor:
    return x + x


def compiled(
    function: Callable[..., Any], mode: CompileMode, device: torch.device
) -> Callable[..., Any]:
    """``function`` for ``device``, compiled once for each shape when it is first called.

    Raises:
        InputError: torch would find no compiler here, or none for this device.
    """
    names = (os.environ["CXX"],) if "CXX" in os.environ else COMPILERS
    if not any(map(shutil.which, names)):
        raise InputError(
            f"training.compile: {mode} needs a C++ compiler, and none of {', '.join(names)} is "
            "here; install g++, name another in the environment variable CXX, or leave it out"
        )
    if device.type == "cuda" and not has_triton():
        raise InputError(
            f"training.compile: {mode} needs Triton for {torch.cuda.get_device_name(device)}, and "
            "torch finds none that works with it; leave it out"
        )
    keep_apart_by_processor()
    from torch import _dynamo  # takes seconds, which other trials save
    from torch._inductor import list_mode_options

    _dynamo.config.recompile_limit = SHAPES
    # Else a product is padded, or a sum taken in another order, where that was faster once.
    options = {**list_mode_options(mode), "deterministic": True}
    return torch.compile(function, options=options, dynamic=False)


def keep_apart_by_processor() -> None:
    """Cache compiled graphs in a folder for this kind of processor, unless the user has named one.

    torch's cache ignores which vectors the kernels of a graph were written for: those of a
    processor with AVX-512, compiled again for AVX2, write past the end of their arrays.
    """
    from torch._inductor.runtime.cache_dir_utils import default_cache_dir

    # torch itself sets the variable when it first looks for the folder.
    if os.environ.get(CACHE, default_cache_dir()) == default_cache_dir():
        found = [
            torch.backends.cpu.get_cpu_capability(),
            sorted(torch.cpu.get_capabilities().items()),
        ]
        kind = hashlib.sha256(repr(found).encode()).hexdigest()[:8]
        os.environ[CACHE] = f"{default_cache_dir()}_{kind}"
