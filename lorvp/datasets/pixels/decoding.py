"""The bytes of an image become an array in RGB, at the image's own size.

JPEG goes through libjpeg-turbo (simplejpeg), everything else through Pillow.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext, suppress
from threading import Lock

import numpy as np
import simplejpeg
from PIL import Image

from lorvp.datasets.pixels.opening import (
    opened,
    require_listed,
    require_pixels,
    require_scans,
    rgb,
)
from lorvp.datasets.pixels.orientation import jpeg_orientation, orientation, upright

LARGE = 2**24
"""Pixels above which decoding takes hundreds of megabytes."""
_one_large = Lock()
"""Held while a large image is decoded, so that threads decode only one at a time."""


def decode(data: bytes, turn: bool = True) -> np.ndarray:
    """(H, W, 3) uint8 in RGB, at the file's own size, turned as its EXIF data say.

    Raises:
        OSError: the format is unknown, or the data are cut short.
        ValueError: the image is too large, or its pixels cannot be brought to 8 bits.
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
        return upright(image_HWC, jpeg_orientation(data)) if turn else image_HWC


def _large_alone(width: int, height: int) -> AbstractContextManager[object]:
    return _one_large if width * height > LARGE else nullcontext()


def pixels(image: Image.Image, turn: bool = True) -> np.ndarray:
    """(H, W, 3) uint8 in RGB, turned as the EXIF data say.

    Raises:
        OSError, ValueError: the pixels cannot be read, or the format is not listed.
    """
    require_listed(image)
    image_HWC = rgb(image)
    return upright(image_HWC, orientation(image)) if turn else image_HWC
