"""Only listed formats are opened, whatever a file is called; nothing starts a program."""

import os
import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

from lorvp.datasets.pixels.decoding import decode
from lorvp.datasets.pixels.files import BrokenImageError, read_image
from lorvp.datasets.pixels.opening import FORMATS, MOST_PIXELS
from lorvp.datasets.pixels.view import View
from lorvp.deployment.classifier import Classifier
from lorvp.errors import InputError
from tests.support.datasets.encoded import chunk, saved, scene
from tests.support.datasets.making import make
from tests.support.datasets.pictures import each, encoded

EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"
IN_DOS = struct.pack("<4sII", b"\xc5\xd0\xd3\xc6", 32, len(EPS)) + bytes(20) + EPS


@pytest.fixture
def ghostscript(tmp_path, monkeypatch):
    """A program called as Ghostscript is; the file that it writes when it is started."""
    ran = tmp_path / "ran"
    for name in ("gs", "gswin32c", "gswin64c"):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\necho 10.0\ntouch {ran}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)  # Pillow remembers that there is none
    return ran


@pytest.mark.parametrize("data", [EPS, IN_DOS], ids=["plain", "with a preview"])
@pytest.mark.parametrize("suffix", [".jpg", ".eps", ".png", ".tiff"])
def test_no_file_starts_a_program(data, suffix, ghostscript, tmp_path):
    path = tmp_path / f"image{suffix}"
    path.write_bytes(data)
    with pytest.raises(BrokenImageError, match="format is unknown"):
        read_image(path)
    classifier = Classifier.__new__(Classifier)
    classifier.__dict__["view"] = None
    with Image.open(path) as image, pytest.raises(InputError, match="EPS is none of the formats"):
        classifier.read(image)
    assert not ghostscript.exists()
    with Image.open(path) as image, pytest.raises(OSError, match=r"."):
        image.load()
    assert ghostscript.exists(), "the stub is never found, so nothing was shown"


def test_a_folder_of_images_starts_none(ghostscript, tmp_path):
    for which in each("all", 2, 9):
        path = tmp_path / f"raw/class_{which.label}/{which.index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(EPS if which.index == 3 else encoded(which, "PNG"))
    with pytest.raises(InputError, match="2 images cannot be read"):
        make(tmp_path / "data", "folder", root=str(tmp_path / "raw"))
    data = make(tmp_path / "data", "folder", root=str(tmp_path / "raw"), broken="skip")
    assert [line.partition(" ")[0] for line in data.left_out] == ["class_0/3.png", "class_1/3.png"]
    assert not ghostscript.exists()


def test_every_other_format_that_pillow_writes_is_unknown():
    Image.init()
    others = sorted(set(Image.SAVE) - set(FORMATS) - {"MPO"})
    refused = set()
    for kind in others:
        try:
            data = saved(scene(32, 32), kind)
            if Image.open(BytesIO(data)).format in FORMATS:
                continue
        except (OSError, ValueError, KeyError):
            continue  # not in RGB, or of no stream, or only written
        with pytest.raises((OSError, ValueError)):
            decode(data)
        refused.add(kind)
    assert {"EPS", "ICO", "PCX"} < refused


def png(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def jpeg(width: int, height: int) -> bytes:
    data = bytearray(saved(scene(16, 16), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def tiff(width: int, height: int) -> bytes:
    """Its strip would be as large as the image."""
    data = bytearray(saved(scene(16, 16), "TIFF"))
    for place in range(10, 10 + 12 * 2, 12):  # the first tags of a directory: width and height
        tag = struct.unpack_from("<H", data, place)[0]
        assert tag in (256, 257)
        struct.pack_into("<HII", data, place + 2, 4, 1, width if tag == 256 else height)
    return bytes(data)


def gif(width: int, height: int) -> bytes:
    data = bytearray(saved(scene(16, 16), "GIF"))
    struct.pack_into("<HH", data, 6, width, height)
    return bytes(data)


def bmp(width: int, height: int) -> bytes:
    data = bytearray(saved(scene(16, 16), "BMP"))
    struct.pack_into("<ii", data, 18, width, height)
    return bytes(data)


def webp(width: int, height: int) -> bytes:
    """The canvas of an animation whose frame is small."""
    frames = [scene(16, 16), scene(16, 16, seed=1)]
    data = bytearray(saved(frames[0], "WEBP", save_all=True, append_images=frames[1:]))
    place = data.index(b"VP8X") + 12
    data[place : place + 6] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes(data)


def ppm(width: int, height: int) -> bytes:
    return b"P6 %d %d 255\n" % (width, height)


BOMBS = {"png": png, "jpeg": jpeg, "tiff": tiff, "gif": gif, "bmp": bmp, "webp": webp, "ppm": ppm}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("size", [(9460, 9460), (14000, 13000), (16000, 16000)], ids=str)
def test_an_image_of_too_many_pixels_is_refused_by_its_head(name, size):
    """Whether Pillow would warn of it or refuse it; the message says how many there may be."""
    width, height = size
    with pytest.raises(ValueError, match=f"{width * height:,} pixels.*{MOST_PIXELS:,}$"):
        decode(BOMBS[name](width, height))


@pytest.mark.parametrize("name", ["png", "ppm"])
def test_a_large_photograph_is_none_of_these(name):
    """Of 89.4 million pixels; that they are not in the file is found when they are read."""
    with pytest.raises((OSError, ValueError)) as error:
        decode(BOMBS[name](9450, 9460))
    assert "no image may have more" not in str(error.value)


def test_pillows_own_limit_may_be_lifted(monkeypatch):
    """By another library in this process."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with pytest.raises(ValueError, match="900,000,000 pixels"):
        decode(png(30000, 30000))


def test_a_jpeg_of_endless_scans_is_refused():
    """Each costs a pass over the whole image, and a few bytes of the file."""
    data = saved(scene(64, 64), "JPEG", progressive=True)
    start, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    many = data[:start] + data[start:end] * 200 + data[end:]
    assert 5 < data.count(b"\xff\xda") < 20
    assert decode(data).shape == (64, 64, 3)
    with pytest.raises(ValueError, match=r"in 2\d\d scans, and no JPEG may have over 100"):
        decode(many)


def test_of_several_frames_the_first_is_the_image():
    frames = [scene(16, 24, seed) for seed in range(3)]
    for kind, tolerance in (("TIFF", 0), ("PNG", 0), ("WEBP", 12), ("GIF", 25), ("MPO", 12)):
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:])
        difference = np.abs(decode(data).astype(int) - np.asarray(frames[0]))
        assert difference.mean() <= tolerance, kind


def test_the_same_limits_hold_for_what_is_resized(tmp_path):
    (tmp_path / "image.png").write_bytes(png(12000, 12000))
    with pytest.raises(BrokenImageError, match="144,000,000 pixels"):
        read_image(tmp_path / "image.png", View(size=16))
