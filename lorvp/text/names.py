"""Names made of other names: of classes that are told apart, and of files.

The names that users give in params.yaml follow a stricter rule: ``lorvp.settings.Name``.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

from lorvp.settings import is_reserved
from lorvp.text.printable import as_read

LONGEST = 100
"""Characters of a file's name; file systems allow 255 bytes."""

Key = TypeVar("Key", bound=Hashable)


def told_apart(names: Sequence[str]) -> list[str]:
    """The names; those that look like another get their number: ``crane (517)``."""
    read = [as_read(name) for name in names]
    taken = Counter(read)
    if len(taken) == len(names):
        return list(names)
    return told_apart(
        [  # again, since a class may already have such a name
            f"{name} ({number})" if taken[read[number]] > 1 else name
            for number, name in enumerate(names)
        ]
    )


def file_names(wanted: Mapping[Key, str]) -> dict[Key, str]:
    """A name for a file or folder, without an ending, for each key of ``wanted``.

    ``lor_vp r=4`` becomes ``lor_vp_r4``. No two names are the same on any file system: names that
    would be get a hash of their key, and so do names that are too long, reserved or empty.
    """
    short = {key: _file_name(text) for key, text in wanted.items()}
    taken = Counter(name.casefold() for name in short.values())
    return {
        key: name if _is_free(name) and taken[name.casefold()] == 1 else _with_hash(key, name)
        for key, name in short.items()
    }


def _file_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", text.replace("=", "")).strip("_.")


def _is_free(name: str) -> bool:
    return 0 < len(name) <= LONGEST and not is_reserved(name)


def _with_hash(key: Hashable, name: str) -> str:
    digest = hashlib.sha256(ascii(key).encode()).hexdigest()[:12]
    start = name[:LONGEST].replace(".", "_")
    return f"{start}-{digest}" if start else digest
