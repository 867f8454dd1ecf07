"""Street View House Numbers (Netzer et al., 2011), cropped digits, 32x32."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from lorvp.datasets.download import Archive, archives_at
from lorvp.datasets.published import Found, RealDataset
from lorvp.datasets.source import ImageArray, Sizes
from lorvp.errors import InputError
from lorvp.files.regular import regular

HOST = "http://ufldl.stanford.edu/housenumbers/"


class SvhnConfig(RealDataset):
    """10 classes: 65,931 / 7,326 / 26,032 images, val held out of the published 73,257.

    The extra ones are not used.
    """

    kind: Literal["svhn"] = "svhn"
    archives: list[Archive] = archives_at(
        HOST,
        {
            "train_32x32.mat": "e26dedcc434d2e4c54c9b2d4a06d8373",
            "test_32x32.mat": "eb5a983be6a315427106f1b164d9cef3",
        },
    )

    origin: ClassVar[str] = f"{HOST} (Netzer et al.; non-commercial use)"
    layout: ClassVar[str] = "train_32x32.mat and test_32x32.mat"
    protocol: ClassVar[str] = (
        "the published train and test; val is held out of train, where the papers have none"
    )
    published: ClassVar[Sizes | None] = Sizes(10, 73_257, 0, 26_032)

    @property
    def stored(self) -> tuple[int, int]:
        return 32, 32

    def read(self, root: Path) -> Found:
        images, labels = zip(
            *(_part(root / f"{p}_32x32.mat") for p in ("train", "test")), strict=True
        )
        first = len(labels[0])
        labels_N = np.concatenate(labels)
        return Found(
            images=ImageArray(np.concatenate(images)),
            labels_N=labels_N,
            class_names=[str(digit) for digit in range(10)],
            parts={"train": np.arange(first), "test": np.arange(first, len(labels_N))},
        )


def _part(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """images_NHWC and labels_N; the file calls the digit 0 ten."""
    from scipy.io import loadmat

    regular(path).open("rb").close()  # scipy would try other names for a file that is not there
    try:
        part = loadmat(path)
        images_HWCN, labels_N1 = part["X"], part["y"]
    except (ValueError, TypeError, KeyError, EOFError, NotImplementedError) as error:
        raise InputError(f"{path} is damaged or no SVHN file: {error}") from error
    labels_N = labels_N1.reshape(-1).astype(np.int64) % 10
    return np.ascontiguousarray(images_HWCN.transpose(3, 0, 1, 2)), labels_N
