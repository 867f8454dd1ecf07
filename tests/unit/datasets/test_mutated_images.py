"""200 image files with seeded damage: pixels, or one line that names the file; no more than that.

What pixels have to be is known for files that only have other names or other metadata.
"""

import os
import signal
import struct
import tracemalloc
import warnings
import zlib
from contextlib import suppress
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from lorvp.datasets.folders.tree import SUFFIXES
from lorvp.datasets.pixels.decoding import decode
from lorvp.datasets.pixels.files import BrokenImageError, read_image
from lorvp.datasets.pixels.view import View
from tests.support.datasets.image_files import chunk, saved, scene

MUTATIONS, GROUPS = 200, 10
PATIENCE = 10
"""Seconds for one file; it takes milliseconds."""
VIEW = View(size=16)


def tiled_jpeg2000() -> bytes:
    return saved(scene(40, 56), "JPEG2000", tile_size=(16, 16))


def gray_alpha_gif() -> bytes:
    frames = [scene(40, 56, n).convert("P") for n in range(3)]
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:], transparency=3)


WHOLE = {
    "jpeg": lambda: saved(scene(40, 56), "JPEG"),
    "progressive": lambda: saved(scene(40, 56), "JPEG", progressive=True),
    "cmyk": lambda: saved(scene(40, 56).convert("CMYK"), "JPEG"),
    "exif": lambda: saved(scene(40, 56), "JPEG", exif=exif()),
    "png": lambda: saved(scene(40, 56), "PNG", exif=exif()),
    "sixteen bits": lambda: saved(
        Image.fromarray(np.arange(40 * 56, dtype=np.uint16).reshape(40, 56) * 29), "PNG"
    ),
    "palette": lambda: saved(scene(40, 56).convert("P"), "PNG", transparency=bytes(range(256))),
    "gif": gray_alpha_gif,
    "bmp": lambda: saved(scene(40, 56), "BMP"),
    "tiff": lambda: saved(scene(40, 56), "TIFF"),
    "lzw": lambda: saved(scene(40, 56), "TIFF", compression="tiff_lzw"),
    "tiff of jpeg": lambda: saved(scene(40, 56), "TIFF", compression="jpeg"),
    "deflated": lambda: saved(scene(40, 56), "TIFF", compression="tiff_adobe_deflate"),
    "webp": lambda: saved(scene(40, 56), "WEBP"),
    "avif": lambda: saved(scene(40, 56), "AVIF", speed=10),
    "ppm": lambda: saved(scene(40, 56), "PPM"),
    "jpeg 2000": tiled_jpeg2000,
    "tga": lambda: saved(scene(40, 56), "TGA", compression="tga_rle"),
}


def exif() -> bytes:
    marks = Image.Exif()
    marks[274], marks[270] = 6, "turned"
    return marks.tobytes()


def mutated(whole: dict[str, bytes], random: Random) -> bytes:
    data = bytearray(whole[random.choice(sorted(whole))])
    for _ in range(random.choice([1, 1, 1, 3])):
        head = min(len(data), random.choice([32, 200, 10**6]))
        place = random.randrange(max(1, head))
        match random.randrange(8):
            case 0:
                for _ in range(random.choice([1, 8, 64])):
                    data[random.randrange(head)] ^= 1 << random.randrange(8)
            case 1:
                del data[place:]
            case 2:
                other = whole[random.choice(sorted(whole))]
                data[:place] = other[:place]
            case 3:
                data[place : place + 4] = random.choice(
                    [
                        b"\xff" * 4,
                        bytes(4),
                        b"\x7f\xff\xff\xff",
                        b"\xff\xff\xff\x7f",
                        b"\0\0\xff\xff",
                    ]
                )
            case 4:
                data[place:place] = random.randbytes(random.choice([1, 100, 5000]))
            case 5:
                data += whole[random.choice(sorted(whole))]
            case 6:
                stop = place + random.randrange(1, 300)
                data[place:place] = data[place:stop] * 5
            case _:
                data[place:] = random.randbytes(len(data) - place)
        data = data or bytearray(b"\0")
    return bytes(data)


@pytest.fixture(scope="module")
def whole() -> dict[str, bytes]:
    return {name: make() for name, make in WHOLE.items()}


@pytest.fixture(autouse=True)
def impatient():
    """A file on which we wait ends the test, if the decoder lets it."""

    def end(*_):
        pytest.fail("this file takes too long")

    before = signal.signal(signal.SIGALRM, end)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("group", range(GROUPS))
def test_pixels_or_one_line(group, whole, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    random = Random(group)
    readable = 0
    for number in range(MUTATIONS // GROUPS):
        path = tmp_path / f"{number}{random.choice(sorted(SUFFIXES))}"
        path.write_bytes(mutated(whole, random))
        readable += is_image_or_one_line(path)
        path.unlink()
        assert sorted(p.name for p in tmp_path.rglob("*")) == ["tmp"]
    assert 0 < readable < MUTATIONS // GROUPS


def is_image_or_one_line(path: Path) -> bool:
    signal.alarm(PATIENCE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of what it finds odd
        try:
            image_HWC = read_image(path, VIEW)
        except BrokenImageError as error:
            message = str(error)
            assert message.startswith(f"{path} is no image that can be read: ")
            assert message.isprintable()
            assert len(message) < 500
            return False
    assert (image_HWC.shape, image_HWC.dtype) == ((16, 16, 3), np.uint8)
    return True


@pytest.mark.parametrize("name", WHOLE)
def test_a_wrong_ending_changes_nothing(name, whole, tmp_path):
    wanted = VIEW.apply(decode(whole[name]))
    for suffix in (".jpg", ".png", ".tga", ".gif"):
        (tmp_path / f"image{suffix}").write_bytes(whole[name])
        np.testing.assert_array_equal(read_image(tmp_path / f"image{suffix}", VIEW), wanted)


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


def test_a_strip_that_says_it_is_huge(tmp_path):
    """Of a TIFF: its bytes, or its rows, are far more than the file has."""
    data = saved(scene(16, 16), "TIFF")
    for tag in (278, 279):  # rows of a strip, bytes of a strip
        place = next(p for kind in (3, 4) if (p := data.find(struct.pack("<HH", tag, kind))) >= 0)
        broken = data[: place + 2] + struct.pack("<HII", 4, 1, 2**31 - 1) + data[place + 12 :]
        (tmp_path / "a.tif").write_bytes(broken)
        signal.alarm(PATIENCE)
        is_image_or_one_line(tmp_path / "a.tif")
