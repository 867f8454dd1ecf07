"""Anyone's images: a folder for each class."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from lorvp.datasets.decoding import images_in
from lorvp.datasets.real import Found
from lorvp.datasets.real_files import RealFiles, TestOnly
from lorvp.datasets.source import Sizes
from lorvp.datasets.splits import Splits, held_out
from lorvp.errors import InputError

PARTS = ("train", "val", "test")


class FolderConfig(RealFiles):
    """``root/train/CLASS/x.jpg`` and ``root/test/CLASS/…`` (``root/val/…`` too, if there is one),
    or ``root/CLASS/x.jpg``, split here. Files with other endings than images have are not looked
    at."""

    kind: Literal["folder"] = "folder"
    root: str = Field(min_length=1)  # type: ignore[assignment]
    """The folder."""
    test: float = Field(default=0.2, gt=0, lt=1)
    """Share of each class's images to test on, where there is no folder ``test``."""

    origin: ClassVar[str] = "a folder of images"
    layout: ClassVar[str] = "train/CLASS/image.jpg and test/CLASS/…, or CLASS/image.jpg"
    protocol: ClassVar[str] = "as the folders say; what they do not say is drawn by seed"

    def read(self, root: Path) -> Found:
        if not root.is_dir():
            raise InputError(f"root: there is no folder {root}")
        trees = {part: root / part for part in PARTS if (root / part).is_dir()}
        if trees and "train" not in trees:
            raise InputError(f"{root} has a folder {next(iter(trees))}, but no train")
        trees = trees or {"train": root}
        names = _classes(trees["train"])
        label_of = {name: label for label, name in enumerate(names)}
        files = {part: _files(tree, label_of) for part, tree in trees.items()}
        return self.found([name.replace("_", " ") for name in names], **files)

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
    """``root/CLASS/x.jpg``, all of them test images for prompts that were trained on ``of``."""

    kind: Literal["folder_test"] = "folder_test"
    root: str = Field(min_length=1)  # type: ignore[assignment]
    """The folder. Its classes are called as there."""

    origin: ClassVar[str] = "a folder of images"
    layout: ClassVar[str] = "CLASS/image.jpg"

    def read(self, root: Path) -> Found:
        names = _classes(root)
        files = _files(root, {name: label for label, name in enumerate(names)})
        return self.found([name.replace("_", " ") for name in names], test=files)

    def expected(self) -> Sizes:
        return _counted(self)


def _counted(config: RealFiles) -> Sizes:
    """Looking into the folder is quick, as no image is read."""
    source = config.source()
    return Sizes(len(source.class_names), *(len(source.splits[part]) for part in PARTS))


def _classes(tree: Path) -> list[str]:
    names = sorted(p.name for p in tree.iterdir() if p.is_dir() and not p.name.startswith("."))
    if len(names) < 2:
        raise InputError(
            f"{tree} has {len(names)} folders, but should have one for each of two or more classes"
        )
    return names


def _files(tree: Path, label_of: dict[str, int]) -> list[tuple[Path, int]]:
    strangers = sorted(set(_classes(tree)) - set(label_of))
    if strangers:
        raise InputError(f"{tree} has classes that are not in train: {', '.join(strangers[:5])}")
    found = []
    for name, label in label_of.items():
        files = images_in(tree / name)
        if not files:
            raise InputError(f"{tree / name} has no image")
        found += [(path, label) for path in files]
    return found
