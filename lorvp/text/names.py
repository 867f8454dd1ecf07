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
"""Letters of a file's name, which may be 255 bytes."""

Key = TypeVar("Key", bound=Hashable)


def told_apart(names: Sequence[str]) -> list[str]:
    """Each name, those that read like another with their number behind them: ``crane (517)``."""
    read = [as_read(name) for name in names]
    taken = Counter(read)
    if len(taken) == len(names):
        return list(names)
    return told_apart(
        [  # again, as somebody may have called a class just this
            f"{name} ({number})" if taken[read[number]] > 1 else name
            for number, name in enumerate(names)
        ]
    )


def file_names(wanted: Mapping[Key, str]) -> dict[Key, str]:
    """The name of a file or folder, without an ending, for each of these things; ``wanted`` is
    what it would be called, such as ``lor_vp r=4``, of which ``lor_vp_r4`` is made.

    No two are the same on any file system. Those that would be get a hash of the thing, and so do
    those that are too long, reserved, or that nothing would be left of.
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
