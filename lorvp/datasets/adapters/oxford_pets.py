"""Oxford-IIIT Pets (Parkhi et al., CVPR 2012)."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from lorvp.datasets.download import Archive, archives_at
from lorvp.datasets.image_files import CoopFiles
from lorvp.datasets.published import Found
from lorvp.datasets.source import Sizes

HOST = "https://www.robots.ox.ac.uk/~vgg/data/pets/data/"


class OxfordPetsConfig(CoopFiles):
    """37 classes: 2,944 / 736 / 3,669 images, val held out of the published 3,680 as in CoOp."""

    kind: Literal["oxford_pets"] = "oxford_pets"
    archives: list[Archive] = archives_at(
        HOST,
        {
            "images.tar.gz": "5c4f3ee8e5d25df40f4fd59a7f44e54c",
            "annotations.tar.gz": "95a8c909bbe2e81eed6a22bccdf3f68f",
        },
        folder="oxford-iiit-pet",
    )

    origin: ClassVar[str] = "https://www.robots.ox.ac.uk/~vgg/data/pets (CC BY-SA 4.0)"
    layout: ClassVar[str] = "oxford-iiit-pet/ with images/ and annotations/"
    protocol: ClassVar[str] = "official test; val is a fifth of train as in CoOp, drawn anew"
    listed: ClassVar[tuple[str, ...]] = ("oxford-iiit-pet/images",)
    published: ClassVar[Sizes | None] = Sizes(37, 3680, 0, 3669)

    def read(self, root: Path) -> Found:
        from torchvision.datasets import OxfordIIITPet  # 4 s: imported where files are really read

        parts = {
            part: OxfordIIITPet(root, split=split)
            for part, split in [("train", "trainval"), ("test", "test")]
        }
        # This reader has no way to ask for the paths, which decoding needs.
        files = {name: list(zip(d._images, d._labels, strict=True)) for name, d in parts.items()}
        return self.found(parts["train"].classes, **files)
