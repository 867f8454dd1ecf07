"""German Traffic Sign Recognition Benchmark (Stallkamp et al., 2012)."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from lorvp.datasets.download import Archive, archives_at
from lorvp.datasets.folders.class_folders import images_of
from lorvp.datasets.folders.tree import look
from lorvp.datasets.image_files import RealFiles
from lorvp.datasets.published import Found
from lorvp.datasets.source import Sizes
from lorvp.files.regular import regular

HOST = "https://sid.erda.dk/public/archives/daaeac0d7ce1152aea9b61d9f1e19370/"


class GtsrbConfig(RealFiles):
    """43 classes: 35,288 / 3,921 / 12,630 images of 15 to 250 pixels, val held out of the
    published 39,209.

    The papers' sizes; torchvision's reader has another training archive, of 26,640 images.
    """

    kind: Literal["gtsrb"] = "gtsrb"
    archives: list[Archive] = archives_at(
        HOST,
        {
            "GTSRB_Final_Training_Images.zip": "f33fd80ac59bff73c82d25ab499e03a3",
            "GTSRB_Final_Test_Images.zip": "c7e4e6327067d32654124b0fe9e82185",
            "GTSRB_Final_Test_GT.zip": "fe31e9c9270bbcd7b84b7f21a9d9d9e5",
        },
    )
    size: int = Field(default=64, ge=8, le=1024)
    """Height and width in pixels; half of the images are smaller than 43."""

    origin: ClassVar[str] = "https://benchmark.ini.rub.de (Stallkamp et al.; free to use)"
    layout: ClassVar[str] = (
        "GTSRB/Final_Training/Images/00000 … 00042, GTSRB/Final_Test/Images and GT-final_test.csv"
    )
    protocol: ClassVar[str] = (
        "the published train and test; val is held out of train, where the papers have none "
        "(frames of one sign are on both sides)"
    )
    listed: ClassVar[tuple[str, ...]] = ("GTSRB/Final_Test/Images",)
    published: ClassVar[Sizes | None] = Sizes(43, 39_209, 0, 12_630)

    def read(self, root: Path) -> Found:
        folder = root / "GTSRB/Final_Training/Images"
        tree = look(folder)
        tree.not_used.pop(".csv", None)  # positions of the signs, which come with the dataset
        files = images_of(tree, [folder / f"{k:05}" for k in range(len(NAMES))])
        train = [(file, k) for k, own in enumerate(files.values()) for file in own]
        images = root / "GTSRB/Final_Test/Images"
        with regular(root / "GT-final_test.csv").open() as file:
            rows = list(csv.DictReader(file, delimiter=";"))
        test = [(images / row["Filename"], int(row["ClassId"])) for row in rows]
        return self.found_in(tree, NAMES, train=train, test=test)


# As the benchmark describes its classes 0 to 42.
NAMES = [
    *(f"speed limit {limit} km/h" for limit in (20, 30, 50, 60, 70, 80)),
    "end of speed limit 80 km/h",
    "speed limit 100 km/h",
    "speed limit 120 km/h",
    "no overtaking",
    "no overtaking by trucks",
    "right of way at the next crossing",
    "priority road",
    "give way",
    "stop",
    "no vehicles",
    "no trucks",
    "no entry",
    "danger",
    "bend to the left",
    "bend to the right",
    "double bend",
    "uneven road",
    "slippery road",
    "road narrows on the right",
    "road works",
    "traffic signals",
    "pedestrians",
    "children",
    "bicycles",
    "ice or snow",
    "wild animals",
    "end of all limits",
    "turn right",
    "turn left",
    "straight on",
    "straight on or right",
    "straight on or left",
    "keep right",
    "keep left",
    "roundabout",
    "end of no overtaking",
    "end of no overtaking by trucks",
]
