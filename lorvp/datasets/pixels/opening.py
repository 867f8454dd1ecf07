"""Which files are images, how large they may be, and what their pixels are in RGB of 8 bits.

Pillow recognises some fifty formats by their content. For one of them (EPS) it starts another
program, which runs commands from the file. So only the formats in FORMATS are opened.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import Lock

import numpy as np
from PIL import Image

FORMATS = (
    "JPEG", "PNG", "BMP", "DIB", "GIF", "TIFF", "WEBP", "AVIF", "PPM", "JPEG2000", "TGA",
)  # fmt: skip
"""Pillow's names of the formats that are opened. The first of several frames is the image."""
MULTI_PICTURE = "MPO"
"""Pillow's name of a JPEG that is followed by further pictures, as some cameras write them."""

MOST_PIXELS = 2**30 // 12
"""Pixels of an image, 89,478,485; Pillow warns of larger ones as decompression bombs."""
MOST_BYTES = 2**30
"""Bytes of a file; MOST_PIXELS with four channels of 16 bits take fewer."""
MOST_SCANS = 100
"""Scans of a progressive JPEG. Each costs a pass over the image; encoders write about ten."""

BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
START_OF_SCAN = b"\xff\xda"

_filters = Lock()
"""Held while filters of warnings are changed, which all threads share."""


def opened(data: bytes) -> Image.Image:
    """Open an image of a listed format and an accepted size, without reading its pixels.

    Raises:
        OSError: its format is not listed, or its head is damaged.
        ValueError: it has too many pixels or scans.
    """
    try:
        with _damage_as_os_error(), _filters, warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(BytesIO(data), formats=FORMATS)
    except BOMBS as error:
        number = re.search(r"\d+", str(error))
        raise ValueError(too_many(int(number[0]) if number else MOST_PIXELS + 1)) from error
    require_pixels(*image.size)
    if image.format in ("JPEG", MULTI_PICTURE):
        require_scans(data)
    return image


@contextmanager
def _damage_as_os_error() -> Iterator[None]:
    """Raise OSError where Pillow raises RuntimeError, which it does for damaged AVIF files."""
    try:
        yield
    except RuntimeError as error:
        raise OSError(str(error)) from error


def require_pixels(width: int, height: int) -> None:
    """Raise ValueError if an image has more pixels than we read."""
    if width * height > MOST_PIXELS:
        raise ValueError(too_many(width * height))


def too_many(pixels: int) -> str:
    return f"it has {pixels:,} pixels, and no image may have more than {MOST_PIXELS:,}"


def require_scans(data: bytes) -> None:
    """Raise ValueError if a JPEG has more scans than any encoder writes."""
    scans = data.count(START_OF_SCAN)  # within a scan, no other byte than 0 follows 0xFF
    if scans > MOST_SCANS:
        raise ValueError(f"it is drawn in {scans:,} scans, and no JPEG may have over {MOST_SCANS}")


def require_listed(image: Image.Image) -> None:
    """Raise ValueError for an image that a caller opened from a file we would refuse.

    Its format is not listed, or it has too many pixels. A converted or drawn image has no format
    and passes.
    """
    if not image.format:
        return
    require_pixels(*image.size)
    if image.format not in (*FORMATS, MULTI_PICTURE):
        raise ValueError(f"{image.format} is none of the formats {', '.join(FORMATS)}")


def rgb(image: Image.Image) -> np.ndarray:
    """(H, W, 3) uint8.

    Grey of 16 bits is divided by 257 and rounded; of colours of 16 bits, Pillow keeps the upper
    8. Transparency is dropped, as in the published loaders: a clear pixel keeps the colour that the
    file gives it.

    Raises:
        OSError, ValueError: the pixels are damaged, or are numbers without a known range.
    """
    with _damage_as_os_error():
        image.load()
    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        levels_HW = _eight_bits(np.asarray(image), _largest(image))
        return np.repeat(levels_HW[..., None], 3, axis=2)
    if image.mode in ("P", "PA"):  # Pillow warns of palettes that lose their transparency
        image = image.convert("RGBA")
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))


BITS_PER_SAMPLE, PHOTOMETRIC, WHITE_IS_ZERO = 258, 262, 0


def _largest(image: Image.Image) -> int:
    """The value of white.

    Raises:
        ValueError: the file does not say which it is.
    """
    tags = getattr(image, "tag_v2", {}) if image.format == "TIFF" else {}
    if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        raise ValueError("its grey levels count down from white; save it with 0 as black")
    if image.mode.startswith("I;16"):
        bits = tags.get(BITS_PER_SAMPLE, (16,))
        return 2 ** (bits[0] if isinstance(bits, tuple) else bits) - 1
    if image.mode == "I" and image.format == "PPM":  # Pillow scales PPM to 16 bits
        return 2**16 - 1
    kind = {"F": "floats", "I": "whole numbers of 32 bits"}.get(image.mode, image.mode)
    raise ValueError(
        f"its pixels are {kind}, and nothing says which of them is white; save it with 8 or 16 bits"
    )


def _eight_bits(levels_HW: np.ndarray, largest: int) -> np.ndarray:
    """The nearest of 256 levels."""
    levels_HW = levels_HW.astype(np.uint32)
    return ((levels_HW * 255 + largest // 2) // largest).astype(np.uint8)
