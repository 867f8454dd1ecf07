"""Files that are kept for a later run, named by what they were made from and by their own bytes:
STEM-CHECKSUM.SUFFIX. So one that is damaged, or made from something else, is none.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from lorvp.files.whole import sha256

DIGITS = 16
"""Of the checksum in a name."""


def find(stem: Path, suffix: str) -> Path | None:
    """The whole file of this name, if there is one. What is damaged is removed.

    Raises:
        OSError: one of them cannot be read.
    """
    found = None
    for path in sorted(stem.parent.glob(f"{stem.name}-{'?' * DIGITS}{suffix}")):
        if path == _named(stem, path, suffix):
            found = path
        else:
            path.unlink()
    return found


def keep(stem: Path, suffix: str, write: Callable[[Path], object]) -> Path:
    """The file that ``write`` writes where it is told to, in place of others of this stem.

    By way of a neighbour, so that a run that is stopped leaves no half of it.
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    scratch = stem.with_name(f"{stem.name}-{os.getpid()}.part")
    write(scratch)
    path = _named(stem, scratch, suffix)
    os.replace(scratch, path)
    for other in stem.parent.glob(f"{stem.name}-{'?' * DIGITS}{suffix}"):
        if other != path:
            other.unlink(missing_ok=True)
    return path


def _named(stem: Path, path: Path, suffix: str) -> Path:
    return stem.with_name(f"{stem.name}-{sha256(path)[:DIGITS]}{suffix}")
