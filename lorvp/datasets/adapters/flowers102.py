"""Flowers-102 (Nilsback & Zisserman, 2008)."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from lorvp.datasets.download import Archive, archives_at
from lorvp.datasets.image_files import CoopThirds
from lorvp.datasets.published import Found
from lorvp.datasets.source import Sizes

HOST = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/"


class Flowers102Config(CoopThirds):
    """102 classes: 4,093 / 1,633 / 2,463 images, CoOp's sizes, or with `split: official` 1,020 /
    1,020 / 6,149."""

    kind: Literal["flowers102"] = "flowers102"
    archives: list[Archive] = archives_at(
        HOST,
        {
            "102flowers.tgz": "52808999861908f626f3c1f4e79d11fa",
            "imagelabels.mat": "e0620be6f572b9609742df49c70aed4d",
            "setid.mat": "a5357ecc9cb78c4bef273ce3793fc85c",
        },
        folder="flowers-102",
    )

    origin: ClassVar[str] = f"{HOST} (research use)"
    layout: ClassVar[str] = "flowers-102/ with jpg/, imagelabels.mat and setid.mat"
    protocol: ClassVar[str] = "CoOp's sizes of train, val and test, drawn anew; or the official"
    listed: ClassVar[tuple[str, ...]] = ("flowers-102/jpg",)
    published: ClassVar[Sizes | None] = Sizes(102, 1020, 1020, 6149)

    def read(self, root: Path) -> Found:
        # Seconds: imported where files are really read.
        from scipy.io import loadmat
        from torchvision.datasets import Flowers102

        # torchvision's reader holds the two small files to their checksums, and so to one copy.
        folder = root / "flowers-102"
        labels_N = loadmat(folder / "imagelabels.mat", squeeze_me=True)["labels"]
        sets = loadmat(folder / "setid.mat", squeeze_me=True)
        parts = {
            part: [(folder / f"jpg/image_{n:05}.jpg", int(labels_N[n - 1]) - 1) for n in sets[key]]
            for part, key in [("train", "trnid"), ("val", "valid"), ("test", "tstid")]
        }
        return self.found(list(Flowers102.classes), **parts)
