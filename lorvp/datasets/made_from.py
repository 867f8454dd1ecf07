"""What a prepared dataset was made from. A second run compares it, and prepares it again if that
differs.

Versions of libraries are written down but not compared: a new version of torch should not prepare
ImageNet again without being asked.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lorvp.code_digest import digest_of
from lorvp.datasets import prepared
from lorvp.datasets.base import DatasetSettings
from lorvp.errors import InputError
from lorvp.files.whole import canonical, sha256

MACHINERY = "lorvp.datasets.write"
"""The module that stores any dataset."""
DOWNLOADS = "lorvp.datasets.download"
"""A module that decides no pixel: downloads are identified by addresses and checksums."""

MadeFrom = dict[str, str | None]


def of(config: DatasetSettings) -> MadeFrom:
    """Hashes of the settings, the code that reads and stores, and the user's own files.

    Of files, names, sizes and times of change (in seconds) are hashed; the hash is None if one is
    missing.
    """
    settings = config.model_dump(mode="json", exclude={"root"})  # its files count, not its place
    return {
        "settings": _hash(settings),
        "code": digest_of([type(config).__module__, MACHINERY], [DOWNLOADS]),
        "files": _files(config.reads()),
    }


def differences(folder: Path, now: MadeFrom) -> list[str]:
    """The parts in which ``now`` differs from what ``folder`` was made from; may be empty.

    Files that are missing now do not count: a dataset may outlive its raw files.
    """
    try:
        whole = prepared.read(folder)
        before = json.loads((folder / "manifest.json").read_text()).get("made_from") or {}
    except InputError:
        return ["prepared files"]
    same = {key for key, value in now.items() if before.get(key) == value}
    if "files" in before and now["files"] is None:
        same.add("files")
    found = [key for key in now if key not in same]
    return found or ([] if _undamaged(whole) else ["prepared files"])


def how_compared(config: DatasetSettings, now: MadeFrom) -> str:
    """How the user's files were compared, for the line on an unchanged dataset.

    A photograph that replaced another of the same name, size and time is not noticed.
    """
    if not config.reads():
        return ""
    if now["files"] is None:
        return " (its files are not here any more)"
    return " (names, sizes and times of its files are as before; their content was not read)"


def _undamaged(data: prepared.Prepared) -> bool:
    """Whether no stored file was damaged.

    The manifest is written last, so only files that are newer than it are read in full.
    """
    written = (data.folder / "manifest.json").stat().st_mtime_ns
    return all(
        (data.folder / name).stat().st_mtime_ns < written or sha256(data.folder / name) == digest
        for name, digest in data.checksums.items()
    )


def _files(places: list[Path]) -> str | None:
    if not all(place.exists() for place in places):
        return None
    return _hash([sorted(_listed(place)) for place in places])


def _listed(place: Path) -> Iterator[tuple[str, int, int]]:
    """Name, size and time of change of a file, or of all files in a folder that are not hidden."""
    if place.is_file():
        yield _facts(place, place.name)
    seen = set()
    for folder, folders, names in os.walk(place, followlinks=True):
        here = os.path.realpath(folder)
        folders[:] = [name for name in folders if name[0] != "." and here not in seen]
        for name in names:
            path = Path(folder, name)
            if name[0] != "." and here not in seen and path.exists():
                yield _facts(path, path.relative_to(place).as_posix())
        seen.add(here)


def _facts(path: Path, name: str) -> tuple[str, int, int]:
    found = path.stat()
    return name, found.st_size, int(found.st_mtime)


def _hash(value: Any) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()[:16]
