"""Caltech-101 (Fei-Fei et al., 2004), the 100 classes of CoOp."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from lorvp.datasets.download import Archive
from lorvp.datasets.folders.class_folders import images_of
from lorvp.datasets.folders.tree import look
from lorvp.datasets.image_files import CoopThirds
from lorvp.datasets.published import Found
from lorvp.datasets.source import Sizes

URL = "https://data.caltech.edu/records/mzrjq-6wc02/files/caltech-101.zip"
LEFT_OUT = {"BACKGROUND_Google", "Faces_easy"}
"""Folders that CoOp leaves out: no class, and the faces once more, cut out."""
SINGULAR = {
    "airplanes": "airplane",
    "Faces": "face",
    "Leopards": "leopard",
    "Motorbikes": "motorbike",
}
"""Names that CoOp changes."""


class Caltech101Config(CoopThirds):
    """100 classes: 4,128 / 1,649 / 2,465 images, CoOp's classes and sizes.

    There is no official split.
    """

    kind: Literal["caltech101"] = "caltech101"
    archives: list[Archive] = Field(
        default=[
            Archive(
                url=URL,
                hash="md5:3138e1922a9193bfa496528edbbc45d0",
                inner="caltech-101/101_ObjectCategories.tar.gz",
            )
        ]
    )
    split: str = Field(default="coop", pattern=r"^(coop|.*\.json)$")
    """``coop``: its sizes, drawn anew. A path to its ``split_zhou_Caltech101.json``: its images."""

    origin: ClassVar[str] = "https://data.caltech.edu/records/mzrjq-6wc02 (CC BY 4.0)"
    layout: ClassVar[str] = "caltech-101/101_ObjectCategories with a folder for each class"
    protocol: ClassVar[str] = (
        "CoOp's classes, without BACKGROUND_Google and Faces_easy, and its sizes of train, val and "
        "test, drawn anew"
    )
    published: ClassVar[Sizes | None] = Sizes(100, 4128, 1649, 2465)

    def read(self, root: Path) -> Found:
        folder = root / "caltech-101/101_ObjectCategories"
        classes = sorted({path.name for path in look(folder).children(folder)} - LEFT_OUT)
        if len(classes) < 2:
            raise LookupError("there are no folders in it")
        tree = look(folder, classes)
        files = images_of(tree, [folder / name for name in classes])
        names = [SINGULAR.get(name, name).replace("_", " ") for name in classes]
        images = [(file, k) for k, own in enumerate(files.values()) for file in own]
        return self.found_in(tree, names, train=images)
