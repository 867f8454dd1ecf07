"""CIFAR-10 and CIFAR-100 (Krizhevsky, Nair & Hinton, 2009), 32x32.

Read here, since torchvision's reader unpickles any object and refuses subsets.
"""

from __future__ import annotations

import pickle
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from lorvp.datasets.download import Archive, archives_at
from lorvp.datasets.published import Found, RealDataset
from lorvp.datasets.source import ImageArray, Sizes
from lorvp.errors import InputError
from lorvp.files.regular import regular

HOST = "https://www.cs.toronto.edu/~kriz/"


class _Cifar(RealDataset):
    folder: ClassVar[str]
    batches: ClassVar[dict[str, list[str]]]
    """The files of each published part."""
    keys: ClassVar[tuple[str, str, str]]
    """The file with the class names, their key in it, and the key of the labels."""
    origin: ClassVar[str] = f"{HOST}cifar.html (Krizhevsky, Nair & Hinton; research use)"
    protocol: ClassVar[str] = (
        "the published train and test; val is held out of train, where the papers have none"
    )

    @property
    def stored(self) -> tuple[int, int]:
        return 32, 32

    def read(self, root: Path) -> Found:
        folder = root / self.folder if (root / self.folder).exists() else root
        meta, names, labels = self.keys
        parts = {
            part: [_unpickled(folder / file) for file in files]
            for part, files in self.batches.items()
        }
        in_order = [batch for batches in parts.values() for batch in batches]
        sizes = [sum(len(batch[labels]) for batch in batches) for batches in parts.values()]
        bounds = np.cumsum([0, *sizes])
        pixels_NCHW = np.concatenate([b["data"] for b in in_order]).reshape(-1, 3, 32, 32)
        return Found(
            images=ImageArray(np.ascontiguousarray(pixels_NCHW.transpose(0, 2, 3, 1))),
            labels_N=np.concatenate([np.asarray(batch[labels]) for batch in in_order]),
            class_names=[name.replace("_", " ") for name in _unpickled(folder / meta)[names]],
            parts={p: np.arange(a, b) for p, (a, b) in zip(parts, pairwise(bounds), strict=True)},
        )


class Cifar10Config(_Cifar):
    """10 classes: 45,000 / 5,000 / 10,000 images, val held out of the published 50,000."""

    kind: Literal["cifar10"] = "cifar10"
    archives: list[Archive] = archives_at(
        HOST, {"cifar-10-python.tar.gz": "c58f30108f718f92721af3b95e74349a"}
    )

    folder: ClassVar[str] = "cifar-10-batches-py"
    layout: ClassVar[str] = "cifar-10-batches-py/ with batches.meta, data_batch_1 … 5, test_batch"
    batches: ClassVar[dict[str, list[str]]] = {
        "train": [f"data_batch_{n}" for n in range(1, 6)],
        "test": ["test_batch"],
    }
    keys: ClassVar[tuple[str, str, str]] = ("batches.meta", "label_names", "labels")
    published: ClassVar[Sizes | None] = Sizes(10, 50_000, 0, 10_000)


class Cifar100Config(_Cifar):
    """100 classes: 45,000 / 5,000 / 10,000 images, val held out of the published 50,000."""

    kind: Literal["cifar100"] = "cifar100"
    archives: list[Archive] = archives_at(
        HOST, {"cifar-100-python.tar.gz": "eb9058c3a382ffc7106e4002c42a8d85"}
    )

    folder: ClassVar[str] = "cifar-100-python"
    layout: ClassVar[str] = "cifar-100-python/ with meta, train, test"
    batches: ClassVar[dict[str, list[str]]] = {"train": ["train"], "test": ["test"]}
    keys: ClassVar[tuple[str, str, str]] = ("meta", "fine_label_names", "fine_labels")
    published: ClassVar[Sizes | None] = Sizes(100, 50_000, 0, 10_000)


class _OnlyArrays(pickle.Unpickler):
    """Unpickle plain values and NumPy arrays only."""

    ALLOWED: ClassVar[set[tuple[str, str]]] = {
        ("numpy", "dtype"),
        ("numpy", "ndarray"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("_codecs", "encode"),
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"it would run {module}.{name}, which images never need")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def _unpickled(path: Path) -> dict[str, Any]:
    try:
        with regular(path).open("rb") as file:
            return _OnlyArrays(file, encoding="latin1").load()
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, ImportError) as error:
        raise InputError(f"{path} is damaged or no CIFAR file: {error}") from error
