"""Let a process that trains keep the memory of one step for the next."""

from __future__ import annotations

import ctypes
import os

KEPT = 2**30
"""Blocks of up to so many bytes come from the heap, at whose end as many bytes may lie free."""
OPTIONS = {"MALLOC_MMAP_THRESHOLD_": -3, "MALLOC_TRIM_THRESHOLD_": -1}
"""The numbers of glibc's malloc.h, by the environment variables with the same effect."""


def keep_freed_memory() -> None:
    """Let this process keep the memory that it frees, unless the user's environment sets otherwise.

    Memory of activations that goes back to the system comes back as pages that are zeroed one by
    one, which takes 5 to 15 % of a step. A C library without mallopt (macOS's, musl) is left as it
    is.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    for variable, option in OPTIONS.items():
        # An older glibc refuses so large a first threshold. The second one alone would only stop
        # it from finding a good first one by itself.
        if variable not in os.environ and not mallopt(option, KEPT):
            return
