"""200 image files with seeded damage: pixels, or one line that names the file; no more than that.

What pixels have to be is known for files that only have other names or other metadata.
"""

import struct
from random import Random

import numpy as np
import pytest
from PIL import Image

from lorvp.datasets.folders.tree import SUFFIXES
from lorvp.datasets.pixels.decoding import decode
from lorvp.datasets.pixels.files import read_image
from lorvp.datasets.pixels.view import View
from tests.support.datasets.encoded import saved, scene
from tests.support.datasets.reading import is_image_or_one_line

pytestmark = pytest.mark.usefixtures("impatient")

MUTATIONS, GROUPS = 200, 10
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
        readable += is_image_or_one_line(path, VIEW)
        path.unlink()
        assert sorted(p.name for p in tmp_path.rglob("*")) == ["tmp"]
    assert 0 < readable < MUTATIONS // GROUPS


@pytest.mark.parametrize("name", WHOLE)
def test_a_wrong_ending_changes_nothing(name, whole, tmp_path):
    wanted = VIEW.apply(decode(whole[name]))
    for suffix in (".jpg", ".png", ".tga", ".gif"):
        (tmp_path / f"image{suffix}").write_bytes(whole[name])
        np.testing.assert_array_equal(read_image(tmp_path / f"image{suffix}", VIEW), wanted)


def test_a_strip_that_says_it_is_huge(tmp_path):
    """Of a TIFF: its bytes, or its rows, are far more than the file has."""
    data = saved(scene(16, 16), "TIFF")
    for tag in (278, 279):  # rows of a strip, bytes of a strip
        place = next(p for kind in (3, 4) if (p := data.find(struct.pack("<HH", tag, kind))) >= 0)
        broken = data[: place + 2] + struct.pack("<HII", 4, 1, 2**31 - 1) + data[place + 12 :]
        (tmp_path / "a.tif").write_bytes(broken)
        is_image_or_one_line(tmp_path / "a.tif", VIEW)
