"""Settings of a process on which the bits of every result depend.

This module is part of each trial's code hash: an edit here renames all trials.
"""

from __future__ import annotations

import os

import torch

from lorvp.networks.acceleration.precision import compute_in


def make_repeatable() -> None:
    """Use one thread, IEEE fp32, and only kernels that give the same bits each time.

    To be called before the process uses a GPU, since cuBLAS reads its variable when it starts.
    """
    torch.set_num_threads(1)
    compute_in("fp32")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # The same as use_deterministic_algorithms(True), which also imports the compiler (6 s).
    torch.set_deterministic_debug_mode("error")
    # In this mode torch would fill new memory with NaN before it is written, which costs time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # pyright: ignore
