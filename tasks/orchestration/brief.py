"""A short program without what Python does for long ones: a third of its time, once torch and timm
with their million objects are loaded."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Do not look for garbage in this block, of which little is expected."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextmanager
def without(module: str) -> Iterator[None]:
    """Let libraries that are loaded in this block do without one that they only try to load."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.modules.pop(module, None)


def leave() -> None:
    """End the process at once, without taking every object apart.

    For a program whose effect is what it printed: what waits for the end is not called.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
