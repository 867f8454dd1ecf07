"""FGVC-Aircraft (Maji et al., 2013), its 100 variants."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from lorvp.datasets.download import Archive
from lorvp.datasets.image_files import RealFiles
from lorvp.datasets.published import Found
from lorvp.datasets.source import Sizes
from lorvp.files.regular import regular

URL = "https://www.robots.ox.ac.uk/~vgg/data/fgvc-aircraft/archives/fgvc-aircraft-2013b.tar.gz"


class FgvcAircraftConfig(RealFiles):
    """100 classes: 3,334 / 3,333 / 3,333 images, its variants in the official split, which CoOp and
    what follows it take too."""

    kind: Literal["fgvc_aircraft"] = "fgvc_aircraft"
    archives: list[Archive] = Field(
        default=[Archive(url=URL, hash="md5:d4acdd33327262359767eeaa97a4f732")]
    )

    origin: ClassVar[str] = "https://www.robots.ox.ac.uk/~vgg/data/fgvc-aircraft (research use)"
    layout: ClassVar[str] = (
        "fgvc-aircraft-2013b/data/ with images/, variants.txt and images_variant_train.txt, "
        "…_val.txt, …_test.txt"
    )
    protocol: ClassVar[str] = "the official train, val and test, as in CoOp"
    listed: ClassVar[tuple[str, ...]] = ("fgvc-aircraft-2013b/data/images",)
    published: ClassVar[Sizes | None] = Sizes(100, 3334, 3333, 3333)

    def read(self, root: Path) -> Found:
        folder = root / "fgvc-aircraft-2013b/data"
        names = regular(folder / "variants.txt").read_text().splitlines()
        label_of = {name: label for label, name in enumerate(names)}

        def part(name: str) -> list[tuple[Path, int]]:
            lines = regular(folder / f"images_variant_{name}.txt").read_text().splitlines()
            rows = [line.partition(" ") for line in lines]
            return [(folder / f"images/{image}.jpg", label_of[own]) for image, _, own in rows]

        return self.found(names, **{name: part(name) for name in ("train", "val", "test")})
