"""Files that appear whole or not at all, and JSON that reads well in a diff."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lorvp.files.regular import regular

OLDER = "-older"

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Error numbers of a full disk, or of a limit on the size of files."""


class DiskFullError(OSError):
    """The message says where."""


@contextmanager
def whole_folder(
    target: Path, work: Path | None = None, keep_others: bool = False
) -> Iterator[Path]:
    """A scratch folder that becomes ``target`` by one rename when the block ends well.

    The scratch folder lies in ``work`` (by default beside ``target``), which must be on the
    same file system. An older ``target`` is replaced; with ``keep_others``, what it has under
    names that the new one lacks is kept, since a user may have put it there. An error leaves
    nothing behind, and leftovers of killed processes are removed; so only one process at a time
    may make a given ``target``.
    """
    parent = work or target.parent
    prefix = f".{target.name}~"
    for folder in (parent, target.parent):
        folder.mkdir(parents=True, exist_ok=True)
    _restore(target, parent.glob(f"{prefix}*{OLDER}"))
    for leftover in parent.glob(f"{prefix}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    older = scratch.with_name(f"{scratch.name}{OLDER}")
    try:
        yield scratch
        scratch.chmod(0o755)
        if keep_others and target.is_dir():
            _link_missing(target, scratch)
        if target.exists():
            target.rename(older)
        scratch.rename(target)
    finally:
        _restore(target, [older])
        for rest in (scratch, older):
            shutil.rmtree(rest, ignore_errors=True)


def _restore(target: Path, older: Iterable[Path]) -> None:
    """Restore the older folder if a process was stopped between the two renames."""
    for folder in older:
        if folder.exists() and not target.exists():
            folder.rename(target)


def _link_missing(older: Path, newer: Path) -> None:
    """Link files into the new folder, so that none is missing from both at any time."""
    for path in older.iterdir():
        if not (newer / path.name).exists():
            if path.is_dir() and not path.is_symlink():
                shutil.copytree(path, newer / path.name, symlinks=True, copy_function=link_or_copy)
            else:
                link_or_copy(path, newer / path.name)


def link_or_copy(source: Path | str, target: Path | str) -> None:
    """Make a hard link, or a copy where the file system has none; a symbolic link stays one."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file beside its place and rename it, so that readers see the old or the new one.

    Leftovers of killed processes are removed; so only one process at a time may write ``path``.
    """
    prefix = f".{path.name}~"
    path.parent.mkdir(parents=True, exist_ok=True)
    for leftover in path.parent.glob(f"{prefix}*"):
        leftover.unlink(missing_ok=True)
    handle, scratch = tempfile.mkstemp(prefix=prefix, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        os.chmod(scratch, 0o644)
        os.replace(scratch, path)
    except BaseException:
        os.unlink(scratch)
        raise


def reserve(path: Path) -> None:
    """Allocate disk space for a file whose length is set but whose content is not written yet.

    Without it, writing to a memory map on a full disk kills the process.

    Raises:
        DiskFullError: the message says how much is needed.
    """
    size = path.stat().st_size
    free = shutil.disk_usage(path.parent).free
    try:
        # Checked first, since allocation fills the disk to the last byte before it fails.
        if free < size - 512 * path.stat().st_blocks:
            raise OSError(errno.ENOSPC, "")
        if hasattr(os, "posix_fallocate"):  # not on macOS and Windows
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, size)
    except OSError as error:
        if error.errno not in FULL:
            raise
        room = (
            f"{size / 1e9:.1f} GB are needed in {path.parent}, where {free / 1e9:.1f} GB are free"
        )
        raise DiskFullError(error.errno, f"the disk is full: {room}") from error


@contextmanager
def naming_full_disk(folder: Path) -> Iterator[None]:
    """Raise DiskFullError, which names the folder, for the system's errors on full disks."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL or isinstance(error, DiskFullError):
            raise
        free = shutil.disk_usage(folder).free
        room = f"{folder}, where {free / 1e9:.1f} GB are free, takes no more"
        raise DiskFullError(error.errno, f"the disk is full: {room}") from error


def to_json(value: Any) -> str:
    """``value`` as indented JSON that ends in a newline; keys stay in order."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def canonical(value: Any) -> bytes:
    """``value`` as bytes for hashing, the same for any order of its keys."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes. Raises OSError for what is no regular file."""
    with regular(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
