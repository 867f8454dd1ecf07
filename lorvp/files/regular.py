"""Open regular files only: reading a pipe, a socket or a device may never end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

PIECE = 2**20

KINDS = {
    stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
}  # fmt: skip


def regular(path: Path) -> Path:
    """``path``, once it is known to be a regular file or a link to one.

    Raises:
        OSError: it is missing or something else; ``strerror`` says what.
    """
    _require(path.stat().st_mode, path)
    return path


def read_regular(path: Path, most: int) -> bytes:
    """All bytes of a file.

    Raises:
        OSError: as ``regular``, or there are more than ``most`` bytes.
    """
    regular(path)
    with open(path, "rb", opener=_without_waiting) as file:
        found = os.fstat(file.fileno())
        _require(found.st_mode, path)  # another file may have replaced it since
        content = _read(file, most) if found.st_size <= most else b""
    if max(found.st_size, len(content)) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most:,} bytes", str(path))
    return content


def _read(file: BinaryIO, most: int) -> bytes:
    """The bytes, up to a piece more than ``most``. One large read would allocate that first."""
    parts, size = [], 0
    while size <= most and (part := file.read(PIECE)):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _require(mode: int, path: Path) -> None:
    if not stat.S_ISREG(mode):
        kind = KINDS.get(stat.S_IFMT(mode), "something else")
        raise OSError(errno.EINVAL, f"it is {kind}, no regular file", str(path))


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # Windows has none
