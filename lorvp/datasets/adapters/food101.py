"""Food-101 (Bossard et al., ECCV 2014)."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from lorvp.datasets.download import Archive
from lorvp.datasets.image_files import CoopThirds
from lorvp.datasets.published import Found
from lorvp.datasets.source import Sizes

URL = "http://data.vision.ee.ethz.ch/cvl/food-101.tar.gz"


class Food101Config(CoopThirds):
    """101 classes: 50,500 / 20,200 / 30,300 images, CoOp's sizes, or with `split: official` 75,750
    / 25,250."""

    kind: Literal["food101"] = "food101"
    archives: list[Archive] = Field(
        default=[Archive(url=URL, hash="md5:85eeb15f3717b99a5da872d97d918f87")]
    )

    origin: ClassVar[str] = "https://data.vision.ee.ethz.ch/cvl/datasets_extra/food-101"
    layout: ClassVar[str] = "food-101/images and food-101/meta"
    protocol: ClassVar[str] = "CoOp's sizes of train, val and test, drawn anew; or the official"
    listed: ClassVar[tuple[str, ...]] = ("food-101/images",)
    published: ClassVar[Sizes | None] = Sizes(101, 75_750, 0, 25_250)

    def read(self, root: Path) -> Found:
        from torchvision.datasets import Food101  # 4 s: imported where files are really read

        parts = {part: Food101(root, split=part, loader=Path) for part in ("train", "test")}
        names = [name.replace("_", " ") for name in parts["train"].classes]
        return self.found(names, **{n: [d[i] for i in range(len(d))] for n, d in parts.items()})
