"""Describable Textures (Cimpoi et al., CVPR 2014)."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from lorvp.datasets.download import Archive
from lorvp.datasets.image_files import CoopThirds
from lorvp.datasets.published import Found
from lorvp.datasets.source import Sizes

URL = "https://www.robots.ox.ac.uk/~vgg/data/dtd/download/dtd-r1.0.1.tar.gz"


class DtdConfig(CoopThirds):
    """47 classes: 2,820 / 1,128 / 1,692 images, CoOp's sizes, or `split: official`, the first."""

    kind: Literal["dtd"] = "dtd"
    archives: list[Archive] = Field(
        default=[Archive(url=URL, hash="md5:fff73e5086ae6bdbea199a49dfb8a4c1", folder="dtd")]
    )

    origin: ClassVar[str] = "https://www.robots.ox.ac.uk/~vgg/data/dtd (research use)"
    layout: ClassVar[str] = "dtd/dtd/images and dtd/dtd/labels"
    protocol: ClassVar[str] = "CoOp's sizes of train, val and test, drawn anew; or the official"
    listed: ClassVar[tuple[str, ...]] = ("dtd/dtd/images",)
    published: ClassVar[Sizes | None] = Sizes(47, 1880, 1880, 1880)

    def read(self, root: Path) -> Found:
        from torchvision.datasets import DTD  # 4 s: imported where files are really read

        parts = {part: DTD(root, split=part, loader=Path) for part in ("train", "val", "test")}
        names = [name.replace("_", " ") for name in parts["train"].classes]
        return self.found(names, **{n: [d[i] for i in range(len(d))] for n, d in parts.items()})
