"""The user's own images, in a folder for each class."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from lorvp.datasets.folders.class_folders import class_names, images_of, notes
from lorvp.datasets.folders.split_folders import SPELLINGS, refuse_splits, split_folders
from lorvp.datasets.folders.tree import Tree, look
from lorvp.datasets.image_files import RealFiles, TestOnly
from lorvp.datasets.published import Found
from lorvp.datasets.source import Sizes
from lorvp.datasets.splits import Splits, held_out
from lorvp.errors import InputError
from lorvp.text.printable import printable


class FolderConfig(RealFiles):
    """Your own images, a folder for each class.

    ``root/train/CLASS/x.jpg`` and ``root/test/CLASS/…`` (``root/val/…`` too, if there is one), or
    ``root/CLASS/x.jpg``, split here. ``training``, ``valid``, ``validation``, ``dev`` and
    ``testing`` are names of splits too. Files that are not used are counted and named.
    """

    kind: Literal["folder"] = "folder"
    root: str = Field(min_length=1)  # type: ignore[assignment]
    """The folder."""
    test: float = Field(default=0.2, gt=0, lt=1)
    """Share of each class's images to test on, where there is no folder ``test``."""

    origin: ClassVar[str] = "a folder of images"
    layout: ClassVar[str] = "train/CLASS/image.jpg and test/CLASS/…, or CLASS/image.jpg"
    protocol: ClassVar[str] = "as the folders say; what they do not say is drawn by seed"

    def read(self, root: Path) -> Found:
        tree = look(_existing(root))
        trees = split_folders(tree) or {"train": root}
        folder_of = {part: _classes(tree, folder) for part, folder in trees.items()}
        names = list(folder_of["train"])
        for part, folders in folder_of.items():
            _check_same(trees[part], trees["train"], set(folders), set(names))
        images = images_of(tree, [f for folders in folder_of.values() for f in folders.values()])
        files = {
            part: [(file, k) for k, name in enumerate(names) for file in images[folders[name]]]
            for part, folders in folder_of.items()
        }
        return replace(self.found_in(tree, names, **files), notes=notes(names))

    def expected(self) -> Sizes:
        return _counted(self)

    def divide(self, found: Found) -> Splits:
        splits = super().divide(found if "test" in found.parts else self._with_test(found))
        present = set(found.labels_N[splits["train"]].tolist())
        few = [name for k, name in enumerate(found.class_names) if k not in present]
        if few:
            raise InputError(f"{self.root} has too few images to split of: {', '.join(few[:5])}")
        return splits

    def _with_test(self, found: Found) -> Found:
        drawn = held_out(found.parts["train"], found.labels_N, self.test, self.seed)
        return replace(found, parts=found.parts | {"train": drawn["train"], "test": drawn["val"]})


class FolderTestConfig(TestOnly):
    """Your own images to test prompts of the dataset ``of`` on.

    ``root/CLASS/x.jpg``, all of them.
    """

    kind: Literal["folder_test"] = "folder_test"
    root: str = Field(min_length=1)  # type: ignore[assignment]
    """The folder; its classes have the names that they have in ``of``."""

    origin: ClassVar[str] = "a folder of images"
    layout: ClassVar[str] = "CLASS/image.jpg"

    def read(self, root: Path) -> Found:
        tree = look(_existing(root))
        refuse_splits(tree)
        folders = _classes(tree, root)
        images = images_of(tree, folders.values())
        files = [(file, k) for k, f in enumerate(folders.values()) for file in images[f]]
        names = list(folders)
        return replace(self.found_in(tree, names, test=files), notes=notes(names))

    def expected(self) -> Sizes:
        return _counted(self)


def _counted(config: RealFiles) -> Sizes:
    """Sizes from listing the folder, which is quick since no image is read."""
    source = config.source()
    return Sizes(len(source.class_names), *(len(source.splits[part]) for part in SPELLINGS))


def _existing(root: Path) -> Path:
    if not root.is_dir():
        raise InputError(f"root: there is no folder {root}")
    return root


def _classes(tree: Tree, folder: Path) -> dict[str, Path]:
    """Folders of the classes directly below ``folder``, by the classes' names."""
    folders = tree.children(folder)
    if len(folders) < 2:
        inner = folders[0] if folders and len(tree.children(folders[0])) > 1 else None
        meant = f"; is {printable(inner)} meant?" if inner else ""
        raise InputError(
            f"{printable(folder)} has {len(folders)} folders, but should have one for each of two "
            f"or more classes{meant}"
        )
    names = class_names([f.name for f in folders], printable(folder))
    return dict(zip(names, folders, strict=True))


def _check_same(tree: Path, train: Path, own: set[str], known: set[str]) -> None:
    strangers, absent = sorted(own - known), sorted(known - own)
    if strangers:
        raise InputError(
            f"{printable(tree)} has classes that are not in {train.name}: {_few(strangers)}"
        )
    if absent:
        raise InputError(f"{printable(tree)} has no image of: {_few(absent)}")


def _few(names: list[str]) -> str:
    return ", ".join(names[:5] + ["…"] * (len(names) > 5))
