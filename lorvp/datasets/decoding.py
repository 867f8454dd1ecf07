"""One image file becomes one array of the size that is stored.

JPEG goes through libjpeg-turbo (simplejpeg) and everything else through Pillow; resizing is
torch's, antialiased, on uint8, within a grey level or two of Pillow's. Orientation marks (EXIF)
are not looked at, as the published loaders do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
import simplejpeg
import torch
from PIL import Image, UnidentifiedImageError
from pydantic import Field

from lorvp.errors import InputError
from lorvp.images import Size, resized
from lorvp.settings import Settings

LARGEST = 2 * (Image.MAX_IMAGE_PIXELS or 0)
"""Pixels, above which Pillow takes a file for an attempt to fill the memory."""


SMALLEST = 8
"""Pixels on each side of images that are worth looking at."""


class BrokenImageError(InputError):
    """A file that cannot be read as an image; the message names it."""

    def __init__(self, message: str, file: Path) -> None:
        super().__init__(message)
        self.file = file

    def below(self, root: Path) -> str:
        """The message with the file as it is called in ``root``, wherever that lies."""
        inside = self.file.is_relative_to(root)
        name = self.file.relative_to(root).as_posix() if inside else self.file.name
        return str(self).replace(str(self.file), name, 1)


SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}

BROKEN = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
"""What Pillow raises for files that are no images, or none that can be read."""


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

    def apply(self, image_HWC: np.ndarray) -> np.ndarray:
        """(size, size, 3) uint8."""
        side = (self.size, self.size)
        if self.resize == "squash":
            return _resized(image_HWC, side, self.interpolation)
        height, width = image_HWC.shape[:2]
        short, least = round(self.size / self.crop), min(height, width)
        # Like torchvision's Resize, which cuts the long side to whole pixels.
        large = short * height // least, short * width // least
        image_HWC = _resized(image_HWC, large, self.interpolation)
        top, left = (round((n - self.size) / 2) for n in large)
        return image_HWC[top : top + self.size, left : left + self.size]


def decode(data: bytes) -> np.ndarray:
    """(H, W, 3) uint8 in RGB, at the file's own size.

    Raises:
        OSError: not an image, or cut short.
    """
    if simplejpeg.is_jpeg(data):
        try:
            height, width, *_ = simplejpeg.decode_jpeg_header(data)
            if int(height) * int(width) <= LARGEST:
                return simplejpeg.decode_jpeg(data)
        except ValueError:
            pass  # damaged, or a JPEG of a kind that only Pillow reads, such as CMYK
    with Image.open(BytesIO(data)) as image:
        return np.array(image.convert("RGB"))


@dataclass(frozen=True)
class ImageFiles:
    """Image files of any size, read as arrays of one size."""

    files: Sequence[Path]
    view: View

    @property
    def size(self) -> tuple[int, int]:
        return self.view.size, self.view.size

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, row: int) -> np.ndarray:
        return read_image(self.files[row], self.view)


def read_image(path: Path, view: View | None = None) -> np.ndarray:
    """(H, W, 3) uint8 in RGB, as ``view`` has it or at the file's own size.

    Raises:
        BrokenImageError: it cannot be read.
    """
    try:
        image_HWC = decode(path.read_bytes())
        return view.apply(image_HWC) if view else image_HWC
    except BROKEN as error:
        message = f"{path} is no image that can be read: {why(error)}"
        raise BrokenImageError(message, path) from error


def images_in(folder: Path) -> list[Path]:
    """Files that are called as images are, in the folder and below it."""
    return [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES]


def why(error: Exception) -> str:
    """In words that are the same everywhere; Pillow would name a place in memory."""
    if isinstance(error, UnidentifiedImageError):
        return "its format is unknown"
    return getattr(error, "strerror", None) or str(error)  # strerror names no file


def _resized(image_HWC: np.ndarray, size: Size, mode: str) -> np.ndarray:
    image_1HWC = torch.from_numpy(np.ascontiguousarray(image_HWC))[None]
    return resized(image_1HWC, size, mode)[0].permute(1, 2, 0).numpy()
