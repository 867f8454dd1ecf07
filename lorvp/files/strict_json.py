"""Read JSON of others strictly, so that all readers understand it alike."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from lorvp.errors import InputError
from lorvp.text.quoted import shown

LARGEST = 64 * 2**20
"""Bytes; a record with 21,843 class names has 1 MB."""


def read(path: Path) -> Any:
    """The plain data of a file.

    Raises:
        InputError: the file is missing, no plain file, too large or no JSON; a key occurs twice, or
            a number is NaN or infinite.
    """
    return _parsed(path, _bytes(path))


def text(path: Path) -> str:
    """The text of a file, after the checks of ``read``.

    Raises:
        InputError: as ``read``.
    """
    content = _bytes(path)
    _parsed(path, content)
    return content.decode()


def _bytes(path: Path) -> bytes:
    try:
        # A pipe or a device would never end.
        if not path.is_file():
            raise InputError(f"there is no file {path}")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > LARGEST:
        raise InputError(f"{path} is larger than {LARGEST:,} bytes")
    return content


def _parsed(path: Path, content: bytes) -> Any:
    try:
        return json.loads(
            content.decode(), object_pairs_hook=_without_twins, parse_constant=_no_number
        )
    except RecursionError as error:
        raise InputError(f"{path} is no JSON that can be read: it is nested too deeply") from error
    except ValueError as error:
        raise InputError(f"{path} is no JSON that can be read: {error}") from error


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        raise ValueError(f"the key {shown(twice)} is there twice")
    return found


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number")
