"""Turn photographs upright by their EXIF orientation."""

from __future__ import annotations

import struct

import numpy as np
from PIL import ExifTags, Image

NO_MARK = (SyntaxError, struct.error, LookupError, TypeError, ValueError, ArithmeticError, OSError)
"""Raised by Pillow for damaged EXIF data; the image itself can still be read."""

APP1, START_OF_SCAN = 0xE1, 0xDA


def upright(image_HWC: np.ndarray, mark: int) -> np.ndarray:
    """The image turned as its orientation ``mark`` (1 to 8) says; other marks change nothing.

    EXIF 2.32, 4.6.5: where row 0 and column 0 of the stored image lie.
    """
    if not 2 <= mark <= 8:
        return image_HWC
    # NumPy copies whole pixels of three bytes faster than single bytes.
    pixels_HW = np.ascontiguousarray(image_HWC).view("V3")[..., 0]
    if mark >= 5:
        pixels_HW = pixels_HW.T
    upside_down, mirrored = mark in (3, 4, 7, 8), mark in (2, 3, 6, 7)
    turned_HW = pixels_HW[:: -1 if upside_down else 1, :: -1 if mirrored else 1]
    return np.ascontiguousarray(turned_HW)[..., None].view(np.uint8)


def orientation(image: Image.Image) -> int:
    """The orientation mark of an image whose pixels have been loaded; 1 if none can be read.

    Pillow turns TIFF files itself when it loads them.
    """
    try:
        return _mark(image.getexif())
    except NO_MARK:
        return 1


def jpeg_orientation(data: bytes) -> int:
    """The orientation mark of a JPEG; fast for the many files without EXIF data."""
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
    """The first segment of EXIF data, if there is one before the pixels."""
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
