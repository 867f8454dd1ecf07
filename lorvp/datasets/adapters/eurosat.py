"""EuroSAT (Helber et al., 2019): Sentinel-2 land use, RGB, 64x64."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from lorvp.datasets.download import Archive
from lorvp.datasets.folders.class_folders import images_of
from lorvp.datasets.folders.tree import look
from lorvp.datasets.image_files import CoopThirds
from lorvp.datasets.published import Found
from lorvp.datasets.source import Sizes

URL = (
    "https://huggingface.co/datasets/torchgeo/eurosat/resolve/"
    "c877bcd43f099cd0196738f714544e355477f3fd/EuroSAT.zip"
)


class EurosatConfig(CoopThirds):
    """10 classes: 13,500 / 5,400 / 8,100 images, CoOp's sizes. There is no official split."""

    kind: Literal["eurosat"] = "eurosat"
    archives: list[Archive] = Field(
        default=[Archive(url=URL, hash="md5:c8fa014336c82ac7804f0398fcb19387", folder="eurosat")]
    )
    split: str = Field(default="coop", pattern=r"^(coop|.*\.json)$")
    """``coop``: its sizes, drawn anew. A path to its ``split_zhou_EuroSAT.json``: its images."""
    size: int = Field(default=64, ge=8, le=1024)
    """Height and width in pixels; the images have 64."""

    origin: ClassVar[str] = "https://github.com/phelber/EuroSAT (MIT)"
    layout: ClassVar[str] = "eurosat/2750 with a folder for each class"
    protocol: ClassVar[str] = "CoOp's sizes of train, val and test, drawn anew"
    published: ClassVar[Sizes | None] = Sizes(10, 13_500, 5_400, 8_100)

    def read(self, root: Path) -> Found:
        tree = look(root / "eurosat/2750")
        files = images_of(tree, tree.children(tree.root))
        if not files:
            raise LookupError("there are no folders in it")
        names = [re.sub(r"(?<=[a-z])(?=[A-Z])", " ", folder.name) for folder in files]
        images = [(file, k) for k, own in enumerate(files.values()) for file in own]
        return self.found_in(tree, names, train=images)
