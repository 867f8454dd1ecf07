"""Images that encode their own identity: 4 x 4 cells, dark or light, are 16 bits.

They outlive JPEG, resizing and palettes, so labels and splits can be read from stored pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

import numpy as np
from PIL import Image

PARTS = ("train", "val", "test", "all")
DARK, LIGHT = (0, 40, 80), (250, 210, 170)


class Which(NamedTuple):
    """An image's published part, its class and its number within both."""

    part: str
    label: int
    index: int


def pixels(which: Which, height: int = 32, width: int = 32) -> np.ndarray:
    """Pixels (height, width, 3), uint8; red and blue differ, so that swapping them would show."""
    code = which.label + 1024 * which.index + 1024 * 16 * PARTS.index(which.part)
    assert which.label < 1024
    assert which.index < 16
    cells = np.array([code >> bit & 1 for bit in range(16)]).reshape(4, 4)
    rows, columns = np.arange(height) * 4 // height, np.arange(width) * 4 // width
    return np.array([DARK, LIGHT], dtype=np.uint8)[cells[np.ix_(rows, columns)]]


def encoded(
    which: Which, kind: str = "JPEG", height: int = 32, width: int = 32, mode: str = "RGB"
) -> bytes:
    """The same image as a file."""
    image = Image.fromarray(pixels(which, height, width)).convert(mode)
    file = BytesIO()
    image.save(file, kind, **({"quality": 95} if kind == "JPEG" else {}))
    return file.getvalue()


def read(image_HWC: np.ndarray, tolerance: int = 40) -> Which:
    """The identity in the pixels; fails if the colours are not those that were drawn."""
    height, width, _ = image_HWC.shape
    rows, columns = (np.arange(4) * n // 4 + n // 8 for n in (height, width))
    seen = image_HWC[np.ix_(rows, columns)].astype(int)
    bits = (seen[..., 1] > 125).reshape(-1)
    expected = np.array([DARK, LIGHT])[bits.astype(int)].reshape(4, 4, 3)
    assert np.abs(seen - expected).max() <= tolerance, "other colours"
    code = int(sum(1 << bit for bit in range(16) if bits[bit]))
    return Which(PARTS[code >> 14], code & 1023, code >> 10 & 15)


def each(part: str, classes: int, number: int) -> Iterator[Which]:
    """``number`` images of each class, class by class."""
    return (Which(part, label, n) for label in range(classes) for n in range(number))
