"""Tiny-ImageNet (Stanford CS231n, 2015): 200 ImageNet classes at 64x64."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from lorvp.datasets.download import Archive
from lorvp.datasets.folders.class_folders import images_of
from lorvp.datasets.folders.tree import look
from lorvp.datasets.image_files import RealFiles
from lorvp.datasets.imagenet_classes import synset_names
from lorvp.datasets.published import Found
from lorvp.datasets.source import Sizes
from lorvp.files.regular import regular

URL = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"


class TinyImagenetConfig(RealFiles):
    """200 classes: 90,000 / 10,000 / 10,000 images, of which the official validation images are
    the test set.

    The labels of the official test set were never published.
    """

    kind: Literal["tiny_imagenet"] = "tiny_imagenet"
    archives: list[Archive] = Field(
        default=[Archive(url=URL, hash="md5:90528d7ca1a48142e341f4ef8d21d0de")]
    )
    size: int = Field(default=64, ge=8, le=1024)
    """Height and width in pixels; the images have 64."""

    origin: ClassVar[str] = f"{URL} (ImageNet terms: research use)"
    layout: ClassVar[str] = (
        "tiny-imagenet-200/ with wnids.txt, train/WNID/images/ and val/val_annotations.txt"
    )
    protocol: ClassVar[str] = (
        "official val is the test set, as in LoR-VP; val is held out of train, where it has none"
    )
    listed: ClassVar[tuple[str, ...]] = ("tiny-imagenet-200/val/images",)
    published: ClassVar[Sizes | None] = Sizes(200, 100_000, 0, 10_000)

    def read(self, root: Path) -> Found:
        folder = root / "tiny-imagenet-200"
        wnids = sorted(regular(folder / "wnids.txt").read_text().split())
        label_of = {wnid: label for label, wnid in enumerate(wnids)}
        tree = look(folder, ["train"])
        tree.not_used.pop(".txt", None)  # boxes around the objects, which come with the dataset
        images = images_of(tree, [folder / "train" / wnid / "images" for wnid in wnids])
        train = [(file, k) for k, files in enumerate(images.values()) for file in files]
        rows = regular(folder / "val/val_annotations.txt").read_text().splitlines()
        test = [(folder / "val/images" / r.split()[0], label_of[r.split()[1]]) for r in rows]
        return self.found_in(tree, synset_names(wnids), train=train, test=test)
