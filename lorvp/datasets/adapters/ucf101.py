"""UCF-101 (Soomro et al., 2012), the middle frame of each video."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar, Literal

from lorvp.datasets.image_files import CoopFiles
from lorvp.datasets.published import Found
from lorvp.datasets.source import Sizes
from lorvp.files.regular import regular


class Ucf101Config(CoopFiles):
    """101 classes: 7,639 / 1,898 / 3,783 middle frames of videos, val held out of the published
    9,537 as in CoOp.

    The frames (``UCF-101-midframes.zip``) are CoOp's and lie on no server that can be asked without
    a login, so ``root`` (or ``archives``, of a copy) has to be given.
    """

    kind: Literal["ucf101"] = "ucf101"

    origin: ClassVar[str] = "https://www.crcv.ucf.edu/data/UCF101.php, frames as in CoOp"
    layout: ClassVar[str] = (
        "UCF-101-midframes/ with a folder for each class, and ucfTrainTestlist/ with "
        "classInd.txt, trainlist01.txt and testlist01.txt"
    )
    protocol: ClassVar[str] = "first official split; val is a fifth of train as in CoOp"
    listed: ClassVar[tuple[str, ...]] = ("UCF-101-midframes",)
    published: ClassVar[Sizes | None] = Sizes(101, 9537, 0, 3783)

    def read(self, root: Path) -> Found:
        lists = root / "ucfTrainTestlist"
        actions = [line.split()[1] for line in _lines(lists / "classInd.txt")]
        label_of = {action: label for label, action in enumerate(actions)}

        def part(file: str) -> list[tuple[Path, int]]:
            videos = [line.split()[0] for line in _lines(lists / file) if line]
            return [(_frame(root, video), label_of[video.partition("/")[0]]) for video in videos]

        names = [" ".join(_words(action)) for action in actions]
        return self.found(names, train=part("trainlist01.txt"), test=part("testlist01.txt"))


def _lines(file: Path) -> list[str]:
    return regular(file).read_text().splitlines()


def _frame(root: Path, video: str) -> Path:
    """``YoYo/v_YoYo_g01_c01.avi`` as ``…/Yo_Yo/v_YoYo_g01_c01.jpg``."""
    action, _, name = video.partition("/")
    return root / "UCF-101-midframes" / "_".join(_words(action)) / name.replace(".avi", ".jpg")


def _words(action: str) -> list[str]:
    return re.findall("[A-Z][^A-Z]*", action)
