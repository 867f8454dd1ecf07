"""Images in a dataset's folders that none of its lists names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from lorvp.datasets.folders.not_used import CONVERT, NotUsed, ending
from lorvp.datasets.folders.tree import look


def unlisted_images(lists: Sequence[Path], root: Path, folders: Sequence[str], by: str) -> NotUsed:
    """Images below ``folders`` of ``root`` that are not in ``lists``, grouped by their ending.

    With ``by`` "no list names", a group is called ``.jpg that no list names``.

    Raises:
        OSError: a folder cannot be read.
    """
    tree = look(root, [folder for folder in folders if (root / folder).is_dir()])
    convertible = [p for kind, paths in tree.not_used.items() if kind.lower() in CONVERT
                   for p in paths]  # fmt: skip
    named = set(lists)
    rest = [path for path in tree.images + convertible if path not in named]
    if rest:  # a list may name a link to the file
        real = {os.path.realpath(path) for path in named}
        rest = [path for path in rest if os.path.realpath(path) not in real]
    return by_ending(rest, by)


def by_ending(files: Iterable[Path], by: str) -> NotUsed:
    """``files`` grouped in the same way."""
    found: NotUsed = {}
    for path in files:
        found.setdefault(f"{ending(path)} that {by}", []).append(path)
    return found
