"""CUB-200-2011 (Wah et al., 2011) and NABirds (Van Horn et al., CVPR 2015).

Both have the same four lists, which number images and classes.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from lorvp.datasets.download import Archive
from lorvp.datasets.image_files import VptFiles
from lorvp.datasets.published import Found
from lorvp.datasets.source import Sizes
from lorvp.files.regular import regular

URL = "https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz"
FILES = "with images/, images.txt, image_class_labels.txt, train_test_split.txt and classes.txt"


class _Birds(VptFiles):
    folder: ClassVar[str]
    """The folder with the lists, and images/ in it."""

    def read(self, root: Path) -> Found:
        folder = root / self.folder
        image, label, train, name = (
            _numbered(folder / f"{file}.txt")
            for file in ("images", "image_class_labels", "train_test_split", "classes")
        )
        # Not all classes of NABirds have images: the others are groups of species.
        classes = sorted(set(label.values()), key=int)
        k_of = {number: k for k, number in enumerate(classes)}
        parts: dict[str, list[tuple[Path, int]]] = {"train": [], "test": []}
        for number, path in image.items():
            part = {"1": "train", "0": "test"}[train[number]]
            parts[part].append((folder / "images" / path, k_of[label[number]]))
        return self.found([self.spoken(name[number]) for number in classes], **parts)

    def spoken(self, name: str) -> str:
        """A class's name in words."""
        return name


class Cub200Config(_Birds):
    """200 classes: 5,394 / 600 / 5,794 images, VPT's sizes."""

    kind: Literal["cub200"] = "cub200"
    archives: list[Archive] = Field(
        default=[Archive(url=URL, hash="md5:97eceeb196236b17998738112f37df78")]
    )

    folder: ClassVar[str] = "CUB_200_2011"
    origin: ClassVar[str] = "https://data.caltech.edu/records/65de6-vp158 (research use)"
    layout: ClassVar[str] = f"CUB_200_2011/ {FILES}"
    listed: ClassVar[tuple[str, ...]] = ("CUB_200_2011/images",)
    published: ClassVar[Sizes | None] = Sizes(200, 5994, 0, 5794)

    def spoken(self, name: str) -> str:
        """``001.Black_footed_Albatross`` as ``Black footed Albatross``."""
        return name.partition(".")[2].replace("_", " ")


class NabirdsConfig(_Birds):
    """555 classes: 21,536 / 2,393 / 24,633 images, VPT's sizes.

    Its terms are accepted on its page before it is downloaded, so ``root`` has to be given.
    """

    kind: Literal["nabirds"] = "nabirds"

    folder: ClassVar[str] = "nabirds"
    origin: ClassVar[str] = "https://dl.allaboutbirds.org/nabirds (non-commercial use)"
    layout: ClassVar[str] = f"nabirds/ {FILES}"
    listed: ClassVar[tuple[str, ...]] = ("nabirds/images",)
    published: ClassVar[Sizes | None] = Sizes(555, 23_929, 0, 24_633)


def _numbered(file: Path) -> dict[str, str]:
    """What stands behind the first word of each line."""
    lines = regular(file).read_text().splitlines()
    return {first: rest.strip() for first, _, rest in (line.partition(" ") for line in lines)}
