"""Stanford Cars (Krause et al., 2013)."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from lorvp.datasets.image_files import CoopFiles
from lorvp.datasets.published import Found
from lorvp.datasets.source import Sizes


class StanfordCarsConfig(CoopFiles):
    """196 classes: 6,509 / 1,635 / 8,041 images, val held out of the published 8,144 as in
    CoOp.

    Its address is dead, so ``root`` (or ``archives``, of a copy) has to be given.
    """

    kind: Literal["stanford_cars"] = "stanford_cars"

    origin: ClassVar[str] = "Krause et al., 3D Object Representations (non-commercial use)"
    layout: ClassVar[str] = (
        "stanford_cars/ with cars_train/, cars_test/, devkit/ and cars_test_annos_withlabels.mat"
    )
    protocol: ClassVar[str] = "official test; val is a fifth of train as in CoOp, drawn anew"
    listed: ClassVar[tuple[str, ...]] = ("stanford_cars/cars_train", "stanford_cars/cars_test")
    published: ClassVar[Sizes | None] = Sizes(196, 8144, 0, 8041)

    def read(self, root: Path) -> Found:
        from torchvision.datasets import StanfordCars  # 4 s: imported where files are really read

        parts = {part: StanfordCars(root, split=part, loader=Path) for part in ("train", "test")}
        files = {name: [data[i] for i in range(len(data))] for name, data in parts.items()}
        return self.found(list(parts["train"].classes), **files)
