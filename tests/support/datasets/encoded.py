"""Images as the bytes of files, and the parts that such files are made of."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image


def scene(height: int, width: int, seed: int = 0) -> Image.Image:
    """Waves of all colours and some sharp edges, so that a shift of half a pixel would show."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / 7
    waves = [np.sin(a * x + b * y + c) for a, b, c in rng.uniform(0.5, 2, (3, 3))]
    image_HWC = 127 + 120 * np.stack(waves, axis=-1)
    image_HWC[height // 3 :, width // 2 :, :2] = (255, 0)
    return Image.fromarray(image_HWC.astype(np.uint8))


def saved(image: Image.Image, kind: str, **settings: Any) -> bytes:
    """The file that Pillow writes of an image."""
    file = BytesIO()
    image.save(file, kind, **settings)
    return file.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG, with its checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


HUGE_PNG = b"\x89PNG\r\n\x1a\n" + chunk(
    b"IHDR", struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0)
)
"""A PNG that says it has 900 million pixels, and has none."""
