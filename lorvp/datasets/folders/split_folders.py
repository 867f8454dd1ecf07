"""Find folders of splits by their usual names; folders that only look like splits are refused."""

from __future__ import annotations

import re
from pathlib import Path

from lorvp.datasets.folders.tree import Tree
from lorvp.errors import InputError
from lorvp.text.printable import printable

SPELLINGS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}
"""Names of each split's folder, in lower case; the folder may use capitals."""
PART_OF = {spelling: part for part, names in SPELLINGS.items() for spelling in names}


def split_folders(tree: Tree) -> dict[str, Path]:
    """The folders of train, val and test; none if the root holds the classes itself.

    Raises:
        InputError: two folders for one split, val or test without train, folders beside them that
            have images, names such as ``train_images``, or splits inside of classes.
    """
    children = tree.children(tree.root)
    found: dict[str, Path] = {}
    for folder in children:
        part = PART_OF.get(folder.name.casefold())
        if part in found:
            raise InputError(
                f"{tree.root} has {found[part].name} and {folder.name}, both of which are names of "
                f"the {part} split: keep one of them"
            )
        if part:
            found[part] = folder
    if found:
        _check_beside(tree, found, children)
    else:
        _check_lookalikes(tree, children)
    _check_inside(tree, list(found.values()) or [tree.root])
    return {part: found[part] for part in SPELLINGS if part in found}


def refuse_splits(tree: Tree) -> None:
    """Check a folder that holds test images only.

    Raises:
        InputError: it has folders named as splits.
    """
    splits = [f.name for f in tree.children(tree.root) if f.name.casefold() in PART_OF]
    if splits:
        raise InputError(
            f"{tree.root} has {_listed(splits)}, which would be taken for a class: name the folder "
            f"of the classes with root, such as {tree.root / splits[-1]}"
        )


def _check_beside(tree: Tree, found: dict[str, Path], children: list[Path]) -> None:
    with_images = {path.relative_to(tree.root).parts[0] for path in tree.images}
    others = [f.name for f in children if f not in found.values() and f.name in with_images]
    splits = [folder.name for folder in found.values()]
    if others:
        raise InputError(
            f"{tree.root} has {_listed(splits)}, named as a split, and beside it folders with "
            f"images that are none: {_listed(others)}. Put all classes into train (and val, test), "
            "or all side by side under other names than these; move away what is not to be used"
        )
    if "train" not in found:
        raise InputError(
            f"{tree.root} has a folder {splits[0]}, but no train; the folder of the training "
            "images is called train, and no class can be called as a split is"
        )


def _check_lookalikes(tree: Tree, children: list[Path]) -> None:
    """Refuse names such as ``train_images`` and ``test2017``, which would become two classes."""
    parts: dict[str, list[str]] = {}
    for folder in children:
        for word in re.split(r"[^a-z]+", folder.name.casefold()):
            if word in PART_OF:
                parts.setdefault(PART_OF[word], []).append(folder.name)
    names = {name for alike in parts.values() for name in alike}
    if "train" in parts and len(parts) > 1 and len(names) > 1:
        raise InputError(
            f"{tree.root} has {_listed(sorted(names))}, which look like splits and would be "
            "classes: call them train, val and test"
        )


def _check_inside(tree: Tree, roots: list[Path]) -> None:
    for folder in tree.folders:
        if folder.parent.parent in roots and folder.name.casefold() in PART_OF:
            raise InputError(
                f"{printable(folder)} is named as a split, but lies in a class: splits hold "
                f"classes, as {folder.name}/{printable(folder.parent.name)}"
            )


def _listed(names: list[str]) -> str:
    shown = ", ".join(map(printable, names[:5]))
    return f"{shown}, …" if len(names) > 5 else shown
