"""Datasets with a folder for each class: names of the classes, and the images of each."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path

from lorvp.datasets.folders.not_used import ending, facts, told
from lorvp.datasets.folders.tree import Tree
from lorvp.errors import InputError
from lorvp.text.printable import hidden, printable


def spoken(name: str) -> str:
    """``big_cat`` as ``big cat``, with composed letters (NFC) and single spaces."""
    return " ".join(unicodedata.normalize("NFC", name.replace("_", " ")).split())


def class_names(names: Iterable[str], place: str) -> list[str]:
    """``names`` as they are spoken, all different.

    Raises:
        InputError: a name cannot be printed, or two become the same; the message names ``place``.
    """
    named: dict[str, str] = {}
    for name in names:
        said = spoken(name)
        if not said or hidden(said):
            raise InputError(
                f"{place} has a class '{printable(name)}', which cannot be printed: give it a name "
                "of letters (UTF-8)"
            )
        if said in named:
            first, second = sorted((named[said], name))
            raise InputError(
                f"{place} has two classes that are both called {said!r}: {first!a} and "
                f"{second!a}; give one of them another name, or put them together"
            )
        named[said] = name
    return list(named)


def notes(names: Iterable[str]) -> list[str]:
    """A sentence for each group of classes that differ in nothing but capital letters."""
    by_letters: dict[str, list[str]] = {}
    for name in names:
        by_letters.setdefault(name.casefold(), []).append(name)
    return [
        f"the classes {' and '.join(alike)} differ in nothing but capital letters"
        for alike in by_letters.values()
        if len(alike) > 1
    ]


def images_of(tree: Tree, folders: Iterable[Path]) -> dict[Path, list[Path]]:
    """The images in each of ``folders``, which lie below the tree's root, in order.

    Images outside of them are noted in the tree as not used.

    Raises:
        InputError: a folder has no image.
    """
    found: dict[Path, list[Path]] = {folder: [] for folder in folders}
    folder_of = {folder.relative_to(tree.root).parts: folder for folder in found}
    depths = sorted({len(parts) for parts in folder_of})
    outside = []
    for image in tree.images:
        above = image.relative_to(tree.root).parts[:-1]
        own = [folder_of[above[:depth]] for depth in depths if above[:depth] in folder_of]
        (found[own[0]] if own else outside).append(image)
    for folder, images in found.items():
        if not images:
            raise InputError(f"{printable(folder)} has no image{_there_is(tree, folder)}")
    for image in outside:
        tree.note_unused(image, f"{ending(image)} outside of class folders")
    return found


def _there_is(tree: Tree, folder: Path) -> str:
    own = {
        kind: [path for path in paths if path == folder or path.is_relative_to(folder)]
        for kind, paths in tree.not_used.items()
    }
    said = told(facts({kind: paths for kind, paths in own.items() if paths}, tree.root))
    return said and f"; {said}"
