"""Files kept for a later run, named STEM-CHECKSUM.SUFFIX.

The stem says what a file was made from, and the checksum is that of its bytes. So a file that is
damaged, or made from something else, is not found.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from lorvp.files.whole import sha256

DIGITS = 16
"""Hex digits of the checksum in a name."""


def find(stem: Path, suffix: str) -> Path | None:
    """The undamaged file of this stem, if there is one. Damaged ones are removed.

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
    """Store the file that ``write`` makes at the path it is given; other files of the stem go.

    It is written beside its place and renamed, so that a stopped run leaves no half file.
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
