"""VTAB-1k (Zhai et al., arXiv 1910.04867): 19 tasks of 1,000 training images each."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from lorvp.datasets.image_files import RealFiles
from lorvp.datasets.published import Found
from lorvp.datasets.source import Sizes
from lorvp.datasets.vtab_classes import class_names
from lorvp.errors import InputError
from lorvp.files.regular import regular

Task = Literal[
    "caltech101", "cifar", "dtd", "oxford_flowers102", "oxford_iiit_pet", "svhn", "sun397",
    "patch_camelyon", "eurosat", "resisc45", "diabetic_retinopathy",
    "clevr_count", "clevr_dist", "dmlab", "kitti", "dsprites_loc", "dsprites_ori",
    "smallnorb_azi", "smallnorb_ele",
]  # fmt: skip
"""The seven natural tasks, the four specialised and the eight structured, as folders are called."""
TASKS: dict[str, tuple[int, int]] = {
    "caltech101": (102, 6084), "cifar": (100, 10_000), "dtd": (47, 1880),
    "oxford_flowers102": (102, 6149), "oxford_iiit_pet": (37, 3669), "svhn": (10, 26_032),
    "sun397": (397, 21_750), "patch_camelyon": (2, 32_768), "eurosat": (10, 5400),
    "resisc45": (45, 6300), "diabetic_retinopathy": (5, 42_670), "clevr_count": (8, 15_000),
    "clevr_dist": (6, 15_000), "dmlab": (6, 22_735), "kitti": (4, 711),
    "dsprites_loc": (16, 73_728), "dsprites_ori": (16, 73_728), "smallnorb_azi": (18, 12_150),
    "smallnorb_ele": (9, 12_150),
}  # fmt: skip
"""Classes and test images of each task."""


class VtabConfig(RealFiles):
    """One of VTAB-1k's 19 tasks: 800 / 200 images, and all test images of the task.

    It is a folder of images with lists, the form that NOAH's code gave it and that papers since
    exchange.
    """

    kind: Literal["vtab"] = "vtab"
    task: Task
    """The task, and its folder in ``root``."""
    train: Literal[800, 1000] = 800
    """800: train800.txt and val200.txt, by which settings are chosen. 1000: train800val200.txt, as
    in published tables, once they have been chosen; its val200.txt is trained on too, so that it
    tells nothing about an epoch."""

    origin: ClassVar[str] = "https://github.com/google-research/task_adaptation, each task its own"
    layout: ClassVar[str] = (
        "a folder for each task, with images/ and train800.txt, val200.txt, train800val200.txt and "
        "test.txt"
    )
    protocol: ClassVar[str] = "VTAB-1k's published lists: 800 / 200 / test, or 1,000 / test"

    def read(self, root: Path) -> Found:
        folder = root / self.task
        if not folder.is_dir() and (root / "vtab-1k").is_dir():
            folder = root / "vtab-1k" / self.task  # where the common archive is unpacked in root
        lists = {"train": "train800", "val": "val200", "test": "test"}
        if self.train == 1000:
            lists["train"] = "train800val200"
        classes, _ = TASKS[self.task]
        parts = {
            part: _listed(folder, f"{file}.txt", self.task, classes) for part, file in lists.items()
        }
        return self.found(list(class_names(self.task)), **parts)

    def expected(self) -> Sizes:
        classes, test = TASKS[self.task]
        return self.cut(Sizes(classes, self.train, 200, test))


def _listed(folder: Path, file: str, task: str, classes: int) -> list[tuple[Path, int]]:
    """The images of a list, each line of which has a path and a label.

    Raises:
        InputError: a line is none, or its label is none of the task's.
    """
    found = []
    for number, line in enumerate(regular(folder / file).read_text().splitlines(), start=1):
        path, _, label = line.strip().rpartition(" ")
        if not path or not label.isdecimal() or int(label) >= classes:
            raise InputError(
                f"{folder / file}:{number} should have a path and a label of {task}, 0 to "
                f"{classes - 1}, such as 'images/test/000000.jpg 1'"
            )
        found.append((folder / path, int(label)))
    return found
