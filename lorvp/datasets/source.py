"""What an adapter delivers: images, labels and splits, before anything is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from lorvp.datasets.class_names import require_class_names
from lorvp.datasets.pixels.view import SMALLEST, View
from lorvp.datasets.splits import Splits
from lorvp.errors import InputError


class Sizes(NamedTuple):
    """Number of classes, and of images in each split, known before the images are read."""

    classes: int
    train: int
    val: int
    test: int


class Images(Protocol):
    """Images of one size, each of which is read when it is indexed."""

    @property
    def view(self) -> View | None:
        """How an image of any size becomes one of these; None where that is not defined."""
        ...

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        ...

    def __len__(self) -> int: ...

    @property
    def resized(self) -> Sequence[int]:
        """Rows read so far whose image had another size and was resized."""
        ...

    def __getitem__(self, row: int) -> np.ndarray:
        """(H, W, 3) uint8. Raises BrokenImageError, which names the file."""
        ...

    def name(self, row: int) -> Path:
        """The image's file, or a name for an image that is no file."""
        ...


@dataclass(frozen=True)
class ImageArray:
    """Images that already lie in memory as one array."""

    images_NHWC: np.ndarray

    @property
    def view(self) -> View | None:
        height, width = self.size
        return View(size=height) if height == width >= SMALLEST else None

    @property
    def size(self) -> tuple[int, int]:
        return self.images_NHWC.shape[1], self.images_NHWC.shape[2]

    def __len__(self) -> int:
        return len(self.images_NHWC)

    @property
    def resized(self) -> Sequence[int]:
        return ()

    def __getitem__(self, row: int) -> np.ndarray:
        return self.images_NHWC[row]

    def name(self, row: int) -> Path:
        return Path(f"image {row}")


@dataclass(frozen=True)
class Source:
    """Images and labels of a dataset, and the rows of each split."""

    images: Images
    labels_N: np.ndarray
    splits: Splits
    class_names: list[str]
    origin: str
    """Where the images come from and under which licence, for the manifest."""
    protocol: str = ""
    """Whose splits these are, and where they differ from the published ones."""
    skip_broken: bool = False
    """Leave out images that cannot be read, and list them in the manifest."""
    root: Path = Path()
    """The folder of the image files. The manifest names files relative to it."""
    facts: dict = field(default_factory=dict)
    """Further entries of the manifest."""

    def __post_init__(self) -> None:
        require_class_names(self.class_names)
        classes = len(self.class_names)
        unknown = np.setdiff1d(self.labels_N, np.arange(classes))
        if len(unknown):
            raise InputError(f"images have label {unknown[0]}, but there are {classes} classes")
