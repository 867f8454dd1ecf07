"""How a photograph was held (EXIF), and turning it upright."""

from __future__ import annotations

import struct

import numpy as np
from PIL import ExifTags, Image

NO_MARK = (SyntaxError, struct.error, LookupError, TypeError, ValueError, ArithmeticError, OSError)
"""What Pillow raises for EXIF data that are damaged; the image itself can be read all the same."""

APP1, START_OF_SCAN = 0xE1, 0xDA


def upright(image_HWC: np.ndarray, mark: int) -> np.ndarray:
    """The image as it should be seen, by its orientation ``mark`` of 1 to 8.

    Other marks mean nothing. EXIF 2.32, 4.6.5: where row 0 and column 0 of the stored image lie.
    """
    if not 2 <= mark <= 8:
        return image_HWC
    # Whole pixels of three bytes, which NumPy copies faster than bytes.
    pixels_HW = np.ascontiguousarray(image_HWC).view("V3")[..., 0]
    if mark >= 5:
        pixels_HW = pixels_HW.T
    upside_down, mirrored = mark in (3, 4, 7, 8), mark in (2, 3, 6, 7)
    turned_HW = pixels_HW[:: -1 if upside_down else 1, :: -1 if mirrored else 1]
    return np.ascontiguousarray(turned_HW)[..., None].view(np.uint8)


def orientation(image: Image.Image) -> int:
    """Of an image whose pixels have been loaded (Pillow turns TIFF by itself when it does).

    1 where there is no mark, or none that can be read.
    """
    try:
        return _mark(image.getexif())
    except NO_MARK:
        return 1


def of_jpeg(data: bytes) -> int:
    """As ``orientation``; files without EXIF data, as most are, cost next to nothing."""
    segment = _exif(data)
    if segment is None:
        return 1
    exif = Image.Exif()
    try:
        exif.load(segment)
        return _mark(exif)
    except NO_MARK:
        return 1


def _mark(exif: Image.Exif) -> int:
    return int(exif.get(ExifTags.Base.Orientation, 1))


def _exif(data: bytes) -> bytes | None:
    """The first segment of EXIF data, which stands before the pixels."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF and data[place + 1] != START_OF_SCAN:
        if data[place + 1] == 0xFF:  # padding
            place += 1
            continue
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        if data[place + 1] == APP1 and data[place + 4 : place + 10] == b"Exif\0\0":
            return data[place + 4 : place + 2 + length]
        place += 2 + length
    return None
