"""Publish files into a folder that may hold files of the user: ours are listed, others stay."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path, PurePosixPath

from lorvp.files.whole import sha256, to_json, write_whole

CONTENTS = "contents.json"


def publish(made: Path, folder: Path) -> None:
    """Move the files of ``made`` to ``folder``.

    Files of an earlier call that are not in ``made`` are removed, unless they have been changed.
    """
    before, now = written(folder), _digests(made)
    folder.mkdir(parents=True, exist_ok=True)
    # Lists old and new files, since a run that is stopped in between leaves some of each.
    write_whole(folder / CONTENTS, to_json(before | now))
    for name in now:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(made / name, folder / name)
    for name in before.keys() - now.keys():
        _remove(folder, name, before[name])
    write_whole(folder / CONTENTS, to_json(now))


def written(folder: Path) -> dict[str, str]:
    """Our files below ``folder``, with their SHA-256 by name."""
    with suppress(FileNotFoundError, ValueError):
        listed = json.loads((folder / CONTENTS).read_text())
        if isinstance(listed, dict):
            return {name: digest for name, digest in listed.items() if _is_below(name)}
    return {}


def _is_below(name: str) -> bool:
    """Whether a name stays inside the folder; the list is in git and may come from anybody."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files}


def _remove(folder: Path, name: str, digest: str) -> None:
    path = folder / name
    if path.is_file() and sha256(path) == digest:
        path.unlink()
        for parent in path.relative_to(folder).parents[:-1]:
            with suppress(OSError):  # it is not empty
                (folder / parent).rmdir()
