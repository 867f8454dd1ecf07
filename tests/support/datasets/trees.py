"""Folders of images as users have them, written down as dictionaries."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.datasets.pictures import Which, each, encoded

ANIMALS = ("cat", "cow", "dog")

Tree = dict[str | bytes, Any]
"""A picture (``Which``), a file's bytes or the ``-> target`` of a link, by path."""


def pictures(form: str, part: str, number: int, names: Sequence[str] = ANIMALS) -> Tree:
    """``number`` pictures of each class; ``form`` has the class and the number in braces."""
    return {form.format(names[w.label], w.index): w for w in each(part, len(names), number)}


def classes(number: int = 10) -> Tree:
    """A folder for each class, not split."""
    return pictures("{}/{}.png", "all", number)


def splits(train: str = "train", test: str = "test") -> Tree:
    """Five pictures of each class to train on, two to test on."""
    return pictures(train + "/{}/{}.png", "train", 5) | pictures(test + "/{}/{}.png", "test", 2)


def lay(root: Path, tree: Tree) -> str:
    """Write the tree below ``root``, where ``../x`` lies beside it; ``root`` as text."""
    root.mkdir(parents=True, exist_ok=True)
    for name, content in tree.items():
        path = os.path.join(os.fsencode(root), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if isinstance(content, str):
            os.symlink(content.removeprefix("-> "), path)
        else:
            data = content if isinstance(content, bytes) else encoded(content, "PNG", 8, 8)
            with open(path, "wb") as file:
                file.write(data)
    return str(root)


IGNORED: Tree = {
    f"{folder}/9.png": Which("all", 0, 11)
    for folder in (
        "cat/.ipynb_checkpoints", "cat/@eaDir", "cat/deep/@EADIR", "cat/__MACOSX", "cat/lost+found",
        "__MACOSX/cat", ".Trashes/cat", "$RECYCLE.BIN", "System Volume Information", ".git/x",
    )
}  # fmt: skip
IGNORED |= dict.fromkeys(["cat/._9.png", ".DS_Store", "dog/Thumbs.db", "dog/desktop.ini"], b"")
"""Files that systems and tools leave, some of them pictures."""
