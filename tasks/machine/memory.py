"""Memory that a process which trains keeps for its next step."""

from __future__ import annotations

import ctypes
import os

KEPT = 2**30
"""Bytes up to which a block comes from the heap, and which may lie free at the heap's end."""
OPTIONS = {"MALLOC_MMAP_THRESHOLD_": -3, "MALLOC_TRIM_THRESHOLD_": -1}
"""The numbers of glibc's malloc.h, by the variables that say the same before a process starts."""


def keep_freed_memory() -> None:
    """Let this process keep what it frees; what the user has set in the environment stays.

    An activation's memory that goes back to the system comes back as pages to be zeroed one by
    one, 5 to 15 % of a step. A C library without mallopt (macOS's, musl) is left as it is.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    for variable, option in OPTIONS.items():
        # An older glibc refuses so large a first threshold. The second one alone would only stop
        # it from finding a good first one by itself.
        if variable not in os.environ and not mallopt(option, KEPT):
            return
