"""What a process sets before it trains, on which the bits of every result depend.

Part of each trial's code hash: an edit here makes all of them new.
"""

from __future__ import annotations

import os

import torch


def make_repeatable() -> None:
    """One thread, and kernels that give the same bits each time. For a process that has not used
    a GPU yet."""
    torch.set_num_threads(1)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # The same as use_deterministic_algorithms(True), which also imports the compiler (6 s).
    torch.set_deterministic_debug_mode("error")
    # Memory that is about to be written need not be filled before.
    torch.utils.deterministic.fill_uninitialized_memory = False  # pyright: ignore
