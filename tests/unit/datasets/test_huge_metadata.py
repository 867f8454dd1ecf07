"""Image files whose metadata are huge: the same pixels, or one line, and no memory for either."""

import os
import signal
import struct
import tracemalloc
import warnings
import zlib
from contextlib import suppress

import numpy as np
import pytest
from PIL import PngImagePlugin

from lorvp.datasets.pixels.decoding import decode
from lorvp.datasets.pixels.files import BrokenImageError, read_image
from tests.support.datasets.encoded import chunk, saved, scene
from tests.support.datasets.reading import PATIENCE

pytestmark = pytest.mark.usefixtures("impatient")


def after_head(png: bytes, *chunks: bytes) -> bytes:
    end = 8 + 25  # the signature and the first chunk
    return png[:end] + b"".join(chunks) + png[end:]


def segments(jpeg: bytes, marker: int, starts: bytes, number: int) -> bytes:
    """A JPEG with ``number`` full segments of metadata."""
    segment = bytes([0xFF, marker]) + struct.pack(">H", 65535) + starts.ljust(65533, b"x")
    return jpeg[:2] + segment * number + jpeg[2:]


ZEROS = zlib.compress(bytes(2**28), 9)
"""256 MB in 260 kB."""
PLAIN_PNG, PLAIN_JPEG = saved(scene(40, 56), "PNG"), saved(scene(40, 56), "JPEG", subsampling=0)
METADATA = {
    "ztxt": after_head(PLAIN_PNG, chunk(b"zTXt", b"Comment\0\0" + ZEROS)),
    "many ztxt": after_head(
        PLAIN_PNG, *[chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(10**6)))] * 200
    ),
    "itxt": after_head(PLAIN_PNG, chunk(b"iTXt", b"Comment\0\1\0\0\0" + ZEROS)),
    "png icc": after_head(PLAIN_PNG, chunk(b"iCCP", b"icc\0\0" + ZEROS)),
    "png exif": after_head(PLAIN_PNG, chunk(b"eXIf", b"MM\0*" + bytes(2**22))),
    "jpeg exif": segments(PLAIN_JPEG, 0xE1, b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", 100),
    "jpeg exif of itself": segments(
        PLAIN_JPEG, 0xE1, b"Exif\0\0MM\0*\0\0\0\x08\0\1\x87\x69\0\4\0\0\0\1\0\0\0\x08\0\0\0\x08", 1
    ),
    "jpeg icc": segments(PLAIN_JPEG, 0xE2, b"ICC_PROFILE\0\1\1", 200),
    "jpeg comments": segments(PLAIN_JPEG, 0xFE, b"", 200),
    "photoshop": segments(
        PLAIN_JPEG, 0xED, b"Photoshop 3.0\0" + b"8BIM\4\4\0\0\xff\xff\xff\xff", 3
    ),
}


@pytest.mark.parametrize("name", METADATA)
def test_metadata_may_be_huge(name, tmp_path):
    """The same pixels as without, or one line; and no memory for what nobody reads."""
    path = tmp_path / "image.png"
    path.write_bytes(METADATA[name])
    signal.alarm(PATIENCE)
    tracemalloc.start()
    with warnings.catch_warnings(), suppress(BrokenImageError):
        warnings.simplefilter("ignore")
        plain = PLAIN_PNG if METADATA[name].startswith(b"\x89PNG") else PLAIN_JPEG
        np.testing.assert_array_equal(read_image(path), decode(plain))
    assert tracemalloc.get_traced_memory()[1] < 2**27 + 4 * os.path.getsize(path)
    tracemalloc.stop()
    assert PngImagePlugin.MAX_TEXT_MEMORY <= 2**26
