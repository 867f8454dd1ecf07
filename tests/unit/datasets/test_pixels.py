"""Pixels of every kind become the nearest of 8 bits, or their file is refused by name.

Files are written byte by byte where Pillow's own writer could be wrong in the same way.
"""

import struct
import zlib
from io import BytesIO
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lorvp.datasets.pixels.decoding import decode
from lorvp.datasets.pixels.files import BrokenImageError, read_image
from lorvp.deployment.classifier import Classifier
from lorvp.errors import InputError
from tests.support.datasets.encoded import chunk, saved, scene

LEVELS = np.array([[0, 1, 128, 129, 257, 385, 386, 25700, 32767, 32768, 65406, 65407, 65535]])
NEAREST = [round(level * 255 / 65535) for level in LEVELS[0].tolist()]
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
"""PNG's numbers of colour types."""


def png(rows_HWC: np.ndarray, bits: int, colour: int, *more: bytes) -> bytes:
    """By the specification, without filters; ``rows_HWC`` are samples, or packed bytes."""
    height, width = rows_HWC.shape[:2]
    samples = rows_HWC.astype(">u2" if bits == 16 else np.uint8)
    lines = b"".join(b"\0" + row.tobytes() for row in samples)
    if bits < 8:
        width *= 8 // bits
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    rest = [*more, chunk(b"IDAT", zlib.compress(lines)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(rest)


def tiff(
    samples_HW: np.ndarray, order: Literal["<", ">"] = "<", photometric: int = 1, kind: int = 1
) -> bytes:
    """Grey, one strip. ``kind``: 1 whole numbers, 2 with signs, 3 floats."""
    data = samples_HW.astype(samples_HW.dtype.newbyteorder(order)).tobytes()
    height, width = samples_HW.shape
    values = {256: width, 257: height, 258: 8 * samples_HW.dtype.itemsize, 259: 1,
              262: photometric, 273: 8, 277: 1, 278: height, 279: len(data), 339: kind}  # fmt: skip
    tags = b"".join(
        struct.pack(f"{order}HHII", tag, 4, 1, value)
        if tag in (273, 279)
        else struct.pack(f"{order}HHIHH", tag, 3, 1, value, 0)
        for tag, value in values.items()
    )
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    directory = struct.pack(f"{order}H", len(values)) + tags + bytes(4)
    return mark + struct.pack(f"{order}I", 8 + len(data)) + data + directory


def pgm(levels_HW: np.ndarray, most: int) -> bytes:
    head = b"P5 %d %d %d\n" % (*levels_HW.shape[::-1], most)
    return head + levels_HW.astype(">u2").tobytes()


SIXTEEN = {
    "png": lambda levels: png(levels[..., None], 16, GREY),
    "tiff": lambda levels: tiff(levels.astype(np.uint16)),
    "tiff, big-endian": lambda levels: tiff(levels.astype(np.uint16), ">"),
    "pgm": lambda levels: pgm(levels, 65535),
}


@pytest.mark.parametrize("kind", SIXTEEN)
def test_grey_of_sixteen_bits_is_rounded_to_eight(kind):
    image_HWC = decode(SIXTEEN[kind](LEVELS))
    assert (image_HWC.shape, image_HWC.dtype) == ((1, 13, 3), np.uint8)
    for channel in range(3):
        assert image_HWC[0, :, channel].tolist() == NEAREST


@given(st.sampled_from(sorted(SIXTEEN)), st.lists(st.integers(0, 65535), min_size=1, max_size=20))
def test_any_grey_of_sixteen_bits(kind, levels):
    wanted = [(2 * level + 257) // 514 for level in levels]
    assert decode(SIXTEEN[kind](np.array([levels])))[0, :, 0].tolist() == wanted


def test_pgm_of_twelve_bits():
    levels = np.array([[0, 8, 9, 2047, 2048, 4095]])
    wanted = [round(level * 255 / 4095) for level in levels[0].tolist()]
    assert decode(pgm(levels, 4095))[0, :, 0].tolist() == wanted


@pytest.mark.parametrize("colour", [RGB, RGBA, GREY_ALPHA])
def test_colours_of_sixteen_bits_are_within_a_level(colour):
    channels = {RGB: 3, RGBA: 4, GREY_ALPHA: 2}[colour]
    rows_HWC = np.repeat(LEVELS[..., None], channels, axis=2)
    found = decode(png(rows_HWC, 16, colour))
    assert found.shape == (1, 13, 3)
    assert np.abs(found[0, :, 0].astype(int) - NEAREST).max() <= 1
    assert (found[0, 0, 0], found[0, -1, 0]) == (0, 255)


REFUSED = {
    "floats": (tiff(np.array([[0, 0.5, 1]], np.float32), kind=3), "its pixels are floats"),
    "large floats": (tiff(np.array([[0, 9e9, 1]], np.float32), kind=3), "its pixels are floats"),
    "32 bits": (tiff(np.array([[0, 7, 2**31]], np.uint32)), "whole numbers of 32 bits"),
    "signed": (tiff(np.array([[-3, 7]], np.int16), kind=2), "whole numbers of 32 bits"),
    "pfm": (b"Pf\n2 1\n-1.0\n" + struct.pack("<ff", 0, 1), "its pixels are floats"),
    "down from white": (tiff(LEVELS.astype(np.uint16), photometric=0), "count down from white"),
    "doubles": (tiff(np.array([[0, 1]], np.float64), kind=3), "its format is unknown"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_numbers_of_no_known_range_are_refused_by_name(name, tmp_path):
    data, reason = REFUSED[name]
    (tmp_path / "scan.jpg").write_bytes(data)
    with pytest.raises(
        BrokenImageError, match=rf"scan\.jpg is no image that can be read: .*{reason}"
    ):
        read_image(tmp_path / "scan.jpg")


def test_pillows_images_of_such_pixels_are_refused_too():
    classifier = Classifier.__new__(Classifier)
    classifier.__dict__["view"] = None
    with pytest.raises(InputError, match="its pixels are floats"):
        classifier.read(Image.new("F", (8, 8)))


def test_grey_of_eight_bits_down_from_white_is_turned():
    levels = np.array([[0, 1, 100, 255]], np.uint8)
    assert decode(tiff(levels, photometric=0))[0, :, 1].tolist() == [255, 254, 155, 0]


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_fewer_bits_are_spread_over_all_levels(bits):
    number = 8 // bits
    values = [n % 2**bits for n in range(number)]
    packed = sum(value << (8 - bits * (n + 1)) for n, value in enumerate(values))
    found = decode(png(np.array([[[packed]]]), bits, GREY))
    assert found[0, :, 2].tolist() == [value * 255 // (2**bits - 1) for value in values]


COLOURS = np.array([[10, 20, 30], [200, 100, 50], [0, 0, 0], [255, 255, 255]])
ALPHA = np.array([0, 77, 255, 1])
PLTE = chunk(b"PLTE", COLOURS.astype(np.uint8).tobytes())
ROW = np.arange(4)[None, :, None]
CLEAR = {
    "rgba": png(np.concatenate([COLOURS, ALPHA[:, None]], 1)[None], 8, RGBA),
    "palette": png(ROW, 8, PALETTE, PLTE),
    "palette, clear in part": png(
        ROW, 8, PALETTE, PLTE, chunk(b"tRNS", ALPHA.astype(np.uint8).tobytes())
    ),
    "palette, one clear": png(ROW, 8, PALETTE, PLTE, chunk(b"tRNS", b"\xff\x00")),
    "one clear colour": png(
        COLOURS[None], 8, RGB, chunk(b"tRNS", struct.pack(">HHH", 200, 100, 50))
    ),
}


@pytest.mark.parametrize("name", CLEAR)
def test_clear_pixels_have_the_colour_that_the_file_gives_them(name):
    """As in the published loaders; and nobody warns."""
    np.testing.assert_array_equal(decode(CLEAR[name])[0], COLOURS)


def test_clear_grey():
    rows = np.array([[[0, 9], [50, 255], [200, 0]]])
    assert decode(png(rows, 8, GREY_ALPHA))[0].tolist() == [[n] * 3 for n in (0, 50, 200)]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_inks_become_colours(kind):
    """(255 - ink) (255 - black) / 255, as without a profile; a JPEG loses some levels."""
    inks = np.zeros((16, 48, 4), np.uint8)
    inks[:, :16] = (255, 0, 0, 0)
    inks[:, 16:32] = (0, 100, 200, 0)
    inks[:, 32:] = (0, 0, 0, 155)
    found = decode(saved(Image.fromarray(inks, "CMYK"), kind))
    for column, wanted in ((8, (0, 255, 255)), (24, (255, 155, 55)), (40, (100, 100, 100))):
        assert np.abs(found[8, column].astype(int) - wanted).max() <= 6


def test_a_jpeg_of_twelve_bits_is_refused(tmp_path):
    data = bytearray(saved(scene(16, 16), "JPEG"))
    data[data.index(b"\xff\xc0") + 4] = 12
    (tmp_path / "a.jpg").write_bytes(data)
    with pytest.raises(BrokenImageError, match=r"a\.jpg is no image that can be read: \S"):
        read_image(tmp_path / "a.jpg")


def test_the_caller_may_write_to_the_pixels():
    for data in (SIXTEEN["png"](LEVELS), CLEAR["rgba"], saved(scene(16, 16), "JPEG")):
        assert decode(data).flags.writeable


def test_pillow_reads_these_files_too():
    """So that a refusal is not for a mistake of the test."""
    for data, _ in REFUSED.values():
        if data is not REFUSED["doubles"][0]:
            Image.open(BytesIO(data)).load()
