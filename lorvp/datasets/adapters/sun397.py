"""SUN397 (Xiao et al., CVPR 2010)."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from lorvp.datasets.download import Archive
from lorvp.datasets.image_files import CoopFiles
from lorvp.datasets.published import Found
from lorvp.datasets.source import Sizes
from lorvp.files.regular import regular

HOST = "http://vision.princeton.edu/projects/2010/SUN/"


class Sun397Config(CoopFiles):
    """397 classes: 15,880 / 3,970 / 19,850 images, the first official partition, val held out as in
    CoOp."""

    kind: Literal["sun397"] = "sun397"
    archives: list[Archive] = Field(
        default=[
            Archive(url=f"{HOST}SUN397.tar.gz", hash="md5:8ca2778205c41d23104230ba66911c7a"),
            Archive(url=f"{HOST}download/Partitions.zip", folder="SUN397"),
        ]
    )

    origin: ClassVar[str] = "https://vision.princeton.edu/projects/2010/SUN (research use)"
    layout: ClassVar[str] = "SUN397/ with a … z/, ClassName.txt, Training_01.txt and Testing_01.txt"
    protocol: ClassVar[str] = "first official partition; val is a fifth of train as in CoOp"
    listed: ClassVar[tuple[str, ...]] = ("SUN397",)
    published: ClassVar[Sizes | None] = Sizes(397, 19_850, 0, 19_850)

    def read(self, root: Path) -> Found:
        from torchvision.datasets import SUN397  # 4 s: imported where files are really read

        folder = root / "SUN397"
        names = SUN397(root, loader=Path).classes
        label_of = {name: label for label, name in enumerate(names)}

        def part(file: str) -> list[tuple[Path, int]]:
            images = regular(folder / file).read_text().split()
            return [(folder / i[1:], label_of[i[3:].rpartition("/")[0]]) for i in images]

        return self.found(
            [_spoken(name) for name in names],
            train=part("Training_01.txt"),
            test=part("Testing_01.txt"),
        )


def _spoken(name: str) -> str:
    """``apartment_building/outdoor`` as ``outdoor apartment building``."""
    return " ".join(reversed(name.split("/"))).replace("_", " ")
