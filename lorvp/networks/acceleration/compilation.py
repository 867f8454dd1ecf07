"""The frozen network compiled by ``torch.compile``, for long runs.

Compiling takes a minute for each shape of a batch, in each process that has not done so before.
``tests/benchmarks/compiling.py`` measures after how many images that pays.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._triton import has_triton

from lorvp.errors import InputError
from lorvp.recipe import CompileMode

COMPILERS = ("g++", "clang++", "c++")
CACHE = "TORCHINDUCTOR_CACHE_DIR"
SHAPES = 64
"""The most shapes to compile for: batches and rests in training and evaluation, of each dataset."""


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

    _dynamo.config.recompile_limit = SHAPES
    return torch.compile(function, mode=mode, dynamic=False)


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
