"""Image files read as arrays, with errors that name the file."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import UnidentifiedImageError

from lorvp.datasets.folders.not_used import below
from lorvp.datasets.pixels.decoding import decode
from lorvp.datasets.pixels.opening import BOMBS, MOST_BYTES
from lorvp.datasets.pixels.view import View
from lorvp.errors import InputError
from lorvp.files.regular import read_regular
from lorvp.text.printable import printable


class BrokenImageError(InputError):
    """A file that cannot be read as an image; the message names it."""

    def __init__(self, message: str, file: Path) -> None:
        super().__init__(message)
        self.file = file

    def below(self, root: Path) -> str:
        """The message, with the file named relative to ``root``."""
        return str(self).replace(printable(self.file), below(self.file, root), 1)


BROKEN = (OSError, ValueError, SyntaxError, OverflowError, struct.error, *BOMBS)
"""Raised by Pillow for files that are no images, or cannot be read."""


@dataclass(frozen=True)
class ImageFiles:
    """Image files of any size, read as arrays of one size."""

    files: Sequence[Path]
    view: View
    resized: list[int] = field(default_factory=list, compare=False)
    """Rows read so far whose image had another size and was resized."""

    @property
    def size(self) -> tuple[int, int]:
        return self.view.size, self.view.size

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, row: int) -> np.ndarray:
        with _errors_name(self.files[row]):
            image_HWC = decode(file_bytes(self.files[row]), self.view.upright)
            if self.view.resizes(image_HWC):
                self.resized.append(row)
            return self.view.apply(image_HWC)

    def name(self, row: int) -> Path:
        return self.files[row]


def file_bytes(path: Path) -> bytes:
    """The content of a file that may be an image.

    Raises:
        OSError: it is no regular file, or larger than any image.
    """
    return read_regular(path, MOST_BYTES)


def read_image(path: Path, view: View | None = None) -> np.ndarray:
    """(H, W, 3) uint8 in RGB, resized by ``view``, or at the file's own size.

    Raises:
        BrokenImageError: it cannot be read.
    """
    with _errors_name(path):
        image_HWC = decode(file_bytes(path), view is None or view.upright)
        return view.apply(image_HWC) if view else image_HWC


@contextmanager
def _errors_name(path: Path) -> Iterator[None]:
    """Raise BrokenImageError, which names the file, for errors of the libraries."""
    try:
        yield
    except BROKEN as error:
        message = f"{printable(path)} is no image that can be read: {why(error)}"
        raise BrokenImageError(message, path) from error


def why(error: Exception) -> str:
    """The reason in one line, without the address in memory that Pillow prints."""
    if isinstance(error, UnidentifiedImageError):
        return "its format is unknown"
    reason = getattr(error, "strerror", None) or str(error)  # strerror names no file
    return " ".join(printable(reason).split()) or type(error).__name__
