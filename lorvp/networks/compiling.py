"""The frozen network compiled by ``torch.compile``, for long runs.

Compiling takes a minute for each shape of a batch, in each process that has not done so before;
only ``tests/benchmarks/compiling.py`` can say after how many images it has paid.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import Any

from lorvp.errors import InputError
from lorvp.optimisation import CompileMode

COMPILERS = ("g++", "clang++", "c++")
SHAPES = 64
"""A network sees whole batches and rests, in training and without, of each dataset."""


def compiled(function: Callable[..., Any], mode: CompileMode) -> Callable[..., Any]:
    """``function``, compiled once for each shape when it is first called.

    Raises:
        InputError: torch would find no compiler here.
    """
    names = (os.environ["CXX"],) if "CXX" in os.environ else COMPILERS
    if not any(map(shutil.which, names)):
        raise InputError(
            f"training.compile: {mode} needs a C++ compiler, and none of {', '.join(names)} is "
            "here; install g++, name another in the environment variable CXX, or leave it out"
        )
    import torch._dynamo  # seconds of work that nobody else needs

    torch._dynamo.config.recompile_limit = SHAPES
    return torch.compile(function, mode=mode, dynamic=False)
