"""One image file becomes one array of the size that is stored.

JPEG goes through libjpeg-turbo (simplejpeg) and everything else through Pillow; resizing is
torch's, antialiased, on uint8, within a grey level or two of Pillow's.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Literal

import numpy as np
import simplejpeg
import torch
from PIL import Image, UnidentifiedImageError
from pydantic import Field

from lorvp.datasets.folders.not_used import below, printable
from lorvp.datasets.pixels.opening import (
    BOMBS,
    MOST_BYTES,
    opened,
    require_listed,
    require_pixels,
    require_scans,
    rgb,
)
from lorvp.datasets.pixels.orientation import of_jpeg, orientation, upright
from lorvp.errors import InputError
from lorvp.files.regular import read_regular
from lorvp.images import Size, resized
from lorvp.settings import Settings

SMALLEST = 8
"""Pixels on each side of images that are worth looking at."""


class BrokenImageError(InputError):
    """A file that cannot be read as an image; the message names it."""

    def __init__(self, message: str, file: Path) -> None:
        super().__init__(message)
        self.file = file

    def below(self, root: Path) -> str:
        """The message with the file as it is called in ``root``, wherever that lies."""
        return str(self).replace(printable(self.file), below(self.file, root), 1)


BROKEN = (OSError, ValueError, SyntaxError, OverflowError, struct.error, *BOMBS)
"""What Pillow raises for files that are no images, or none that can be read."""

LARGE = 2**24
"""Pixels of an image that takes hundreds of megabytes while it is decoded."""
_one_large = Lock()
"""Large images are decoded one at a time, whatever the number of threads."""


class View(Settings):
    """What is stored of images that come in many sizes."""

    size: int = Field(default=224, ge=SMALLEST, le=1024)
    """Height and width in pixels."""
    resize: Literal["squash", "crop"] = "squash"
    """squash: the whole image, its proportions not kept (LoR-VP). crop: the middle of the short
    side, as networks are usually tested (VP, SMM)."""
    crop: float = Field(default=0.875, gt=0, le=1)
    """For ``resize: crop``, the share of the short side that is kept; 224 of 256 pixels."""
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    """How images are resized when they are stored, before any network is known. bilinear: what
    LoR-VP, VP, ILM-VP and SMM train on, and torchvision's networks expect; CLIP and most of timm's
    vision transformers expect bicubic. The plan says where the two differ."""
    upright: bool = True
    """Turn photographs as their EXIF data say they were held. The published loaders do not."""

    def apply(self, image_HWC: np.ndarray) -> np.ndarray:
        """(size, size, 3) uint8."""
        side = (self.size, self.size)
        if self.resize == "squash":
            return _resized(image_HWC, side, self.interpolation)
        height, width = image_HWC.shape[:2]
        short, least = self._short, min(height, width)
        # Like torchvision's Resize, which cuts the long side to whole pixels.
        large = short * height // least, short * width // least
        image_HWC = _resized(image_HWC, large, self.interpolation)
        top, left = (round((n - self.size) / 2) for n in large)
        return image_HWC[top : top + self.size, left : left + self.size]

    def resizes(self, image_HWC: np.ndarray) -> bool:
        """Whether ``apply`` makes new pixels of this image's."""
        sides = image_HWC.shape[:2]
        if self.resize == "squash":
            return sides != (self.size, self.size)
        return min(sides) != self._short

    @property
    def _short(self) -> int:
        """The short side before it is cropped."""
        return round(self.size / self.crop)


def decode(data: bytes, turn: bool = True) -> np.ndarray:
    """(H, W, 3) uint8 in RGB, at the file's own size, turned as its EXIF data say.

    Raises:
        OSError: no image of a known format, or cut short.
        ValueError: too large, or pixels that cannot be brought to 8 bits.
    """
    if simplejpeg.is_jpeg(data):
        with suppress(ValueError):  # damaged, or of a kind that only Pillow reads, such as CMYK
            return _jpeg(data, turn)
    with opened(data) as image, _large_alone(*image.size):
        return pixels(image, turn)


def _jpeg(data: bytes, turn: bool) -> np.ndarray:
    height, width = map(int, simplejpeg.decode_jpeg_header(data)[:2])
    require_pixels(width, height)
    require_scans(data)
    with _large_alone(width, height):
        image_HWC = simplejpeg.decode_jpeg(data)
        return upright(image_HWC, of_jpeg(data)) if turn else image_HWC


def _large_alone(width: int, height: int) -> AbstractContextManager[object]:
    return _one_large if width * height > LARGE else nullcontext()


def pixels(image: Image.Image, turn: bool = True) -> np.ndarray:
    """(H, W, 3) uint8 in RGB, turned as the EXIF data say.

    Raises:
        OSError, ValueError: they cannot be read, or the image is of no listed format.
    """
    require_listed(image)
    image_HWC = rgb(image)
    return upright(image_HWC, orientation(image)) if turn else image_HWC


@dataclass(frozen=True)
class ImageFiles:
    """Image files of any size, read as arrays of one size."""

    files: Sequence[Path]
    view: View
    resized: list[int] = field(default_factory=list, compare=False)
    """Rows that were read and were of another size."""

    @property
    def size(self) -> tuple[int, int]:
        return self.view.size, self.view.size

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, row: int) -> np.ndarray:
        with _naming(self.files[row]):
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
    """(H, W, 3) uint8 in RGB, as ``view`` has it or at the file's own size.

    Raises:
        BrokenImageError: it cannot be read.
    """
    with _naming(path):
        image_HWC = decode(file_bytes(path), view is None or view.upright)
        return view.apply(image_HWC) if view else image_HWC


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Say which file it is that cannot be read."""
    try:
        yield
    except BROKEN as error:
        message = f"{printable(path)} is no image that can be read: {why(error)}"
        raise BrokenImageError(message, path) from error


def why(error: Exception) -> str:
    """In words that are the same everywhere; Pillow would name a place in memory."""
    if isinstance(error, UnidentifiedImageError):
        return "its format is unknown"
    reason = getattr(error, "strerror", None) or str(error)  # strerror names no file
    return " ".join(printable(reason).split()) or type(error).__name__


def _resized(image_HWC: np.ndarray, size: Size, mode: str) -> np.ndarray:
    image_1HWC = torch.from_numpy(np.ascontiguousarray(image_HWC))[None]
    return resized(image_1HWC, size, mode)[0].permute(1, 2, 0).numpy()
