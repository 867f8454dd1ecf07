"""Stanford Dogs (Khosla et al., 2011)."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from lorvp.datasets.download import Archive, archives_at
from lorvp.datasets.image_files import VptFiles
from lorvp.datasets.published import Found
from lorvp.datasets.source import Sizes
from lorvp.files.regular import regular

HOST = "http://vision.stanford.edu/aditya86/ImageNetDogs/"


class StanfordDogsConfig(VptFiles):
    """120 classes: 10,800 / 1,200 / 8,580 images, VPT's sizes. The classes are ImageNet's."""

    kind: Literal["stanford_dogs"] = "stanford_dogs"
    archives: list[Archive] = archives_at(
        HOST,
        {
            "images.tar": "1bb1f2a596ae7057f99d7d75860002ef",
            "lists.tar": "edbb9f16854ec66506b5f09b583e0656",
        },
        folder="stanford_dogs",
    )

    origin: ClassVar[str] = f"{HOST} (ImageNet terms: research use)"
    layout: ClassVar[str] = "stanford_dogs/ with Images/, train_list.mat and test_list.mat"
    listed: ClassVar[tuple[str, ...]] = ("stanford_dogs/Images",)
    published: ClassVar[Sizes | None] = Sizes(120, 12_000, 0, 8580)

    def read(self, root: Path) -> Found:
        folder = root / "stanford_dogs"
        listed = {part: _listed(folder / f"{part}_list.mat") for part in ("train", "test")}
        breeds = sorted({name.partition("/")[0] for names in listed.values() for name in names})
        label_of = {breed: label for label, breed in enumerate(breeds)}
        parts = {
            part: [(folder / "Images" / name, label_of[name.partition("/")[0]]) for name in names]
            for part, names in listed.items()
        }
        return self.found([_spoken(breed) for breed in breeds], **parts)


def _listed(file: Path) -> list[str]:
    """``n02085620-Chihuahua/n02085620_5927.jpg`` and the others of a part."""
    from scipy.io import loadmat

    regular(file).open("rb").close()  # scipy would try other names for a file that is not there
    return [str(name) for name in np.atleast_1d(loadmat(file, squeeze_me=True)["file_list"])]


def _spoken(breed: str) -> str:
    """``n02107312-miniature_pinscher`` as ``miniature pinscher``."""
    return breed.partition("-")[2].replace("_", " ")
