"""Whether a folder holds the finished trial that it is named after.

``lorvp/trials/store.py`` says what is in the folder.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lorvp.errors import InputError
from lorvp.files import strict_json
from lorvp.files.whole import canonical, sha256
from lorvp.trials.contents import RECORD
from lorvp.trials.identity import fingerprint

FILES = {"weights.safetensors", "history.json", "predictions.parquet"}
SEARCH_FILES = {"history.json"}
"""Of a setting that a search tried, which is nobody's prompt."""
SETTLED = 0.05
"""Seconds after which the next write to a file has another time: file systems' clocks tick."""

_read: dict[tuple[int, int, int, int], str] = {}
"""SHA-256 of the files that this process has read, by device, inode, size and time of writing."""


def _sha256(path: Path) -> str:
    """SHA-256 of a file, which is read again only if it was written to since."""
    found = path.stat()
    key = found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
    digest = _read.get(key) or sha256(path)
    if time.time() - found.st_mtime > SETTLED:
        _read[key] = digest
    return digest


ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
"""Errors that mean that a file is not there. Other OSErrors say nothing of its content."""


def verified(folder: Path) -> dict | None:
    """trial.json, if ``folder`` holds a finished trial with each byte as written; else None.

    Raises:
        InputError: a file cannot be read, which says nothing of what is in it.
    """
    with _telling_errors_from_damage(folder):
        return _verified(folder)
    return None


@contextmanager
def _telling_errors_from_damage(folder: Path) -> Iterator[None]:
    """Suppress the errors of a missing, truncated or foreign trial, which is then trained again.

    Raises:
        InputError: the disk, the network or a permission is at fault, so the trial is kept.
    """
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        fault = error if isinstance(error, OSError) else error.__cause__
        if isinstance(fault, OSError) and not isinstance(fault, ABSENT):
            reason = f"{fault.filename or folder} cannot be read: {fault.strerror}"
            raise InputError(f"{reason}; the trial is kept as it is") from error


def is_search(record: dict) -> bool:
    """Whether a record is of a setting that a search tried, and not a result."""
    return record.get("identity", {}).get("settings", {}).get("part") == "search"


def files_of(record: dict) -> set[str]:
    """The names of the files that a finished trial has beside its record."""
    return SEARCH_FILES if is_search(record) else FILES


def _verified(folder: Path) -> dict | None:
    record = strict_json.read(folder / RECORD)
    rest = {key: value for key, value in record.items() if key != "sha256"}
    files = record["files"]
    whole = (
        hashlib.sha256(canonical(rest)).hexdigest() == record["sha256"]
        and set(files) == files_of(record)
        # A pipe among them would never end.
        and all((folder / name).is_file() for name in files)
        and all(_sha256(folder / name) == digest for name, digest in files.items())
    )
    return record if whole else None


def is_whole(folder: Path) -> bool:
    """Whether ``folder`` holds the finished trial it is named after, each byte as written.

    The checksums in a record say only that it is whole; its identity has to give its name, too.

    Raises:
        InputError: a file cannot be read.
    """
    record = verified(folder)
    return (
        record is not None
        and record.get("fingerprint") == folder.name
        and fingerprint(record.get("identity", {})) == folder.name
    )


def read_record(folder: Path) -> dict:
    """trial.json of a finished trial."""
    return json.loads((folder / "trial.json").read_text())
