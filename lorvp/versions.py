"""Versions of what computes a result; written down beside it."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

import lorvp


@cache
def versions(*packages: str) -> dict[str, str]:
    """Of this package, Python and ``packages``, by the names they are installed under."""
    found = {"lorvp": lorvp.__version__, "python": platform.python_version()}
    return found | {name: version(name) for name in packages}


@cache
def processor() -> str:
    """Such as ``AMD EPYC 7763 64-Core Processor``; as much as the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
