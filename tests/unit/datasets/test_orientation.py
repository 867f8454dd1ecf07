"""A photograph is the same however the camera was held, in every format that can say so."""

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from lorvp.datasets.pixels.decoding import decode
from lorvp.datasets.pixels.files import ImageFiles
from lorvp.datasets.pixels.view import View
from tests.support.datasets.making import make, seen
from tests.support.datasets.pictures import Which, each, encoded

# Where the first row and the first column of the stored image belong, as EXIF 2.32 has it.
MARKS = {1: ("top", "left"), 2: ("top", "right"), 3: ("bottom", "right"), 4: ("bottom", "left"),
         5: ("left", "top"), 6: ("right", "top"), 7: ("right", "bottom"),
         8: ("left", "bottom")}  # fmt: skip
FORMATS = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {},
    "WEBP": {"lossless": True},
    "TIFF": {},
    "TIFF, packed": {"compression": "tiff_lzw"},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    "JPEG in CMYK": {"quality": 95},
}
LEVELS = 12
"""Grey levels that JPEG and AVIF may change flat squares by."""


def upright() -> np.ndarray:
    """(24, 40, 3): flat squares of 8 pixels, each of another colour."""
    colours = np.random.default_rng(3).integers(0, 256, (3, 5, 3), dtype=np.uint8)
    return colours.repeat(8, axis=0).repeat(8, axis=1)


def held(image_HWC: np.ndarray, mark: int) -> np.ndarray:
    """What a camera stores that is held so: pixel by pixel, each side looked for where it is."""
    rows, columns = image_HWC.shape[:2]
    sides = MARKS[mark]
    turned = sides[0] in ("left", "right")
    stored = np.zeros((columns, rows, 3) if turned else (rows, columns, 3), np.uint8)
    for i in range(stored.shape[0]):
        for j in range(stored.shape[1]):
            seen = {sides[0]: i, sides[1]: j}  # distance from each of two sides of the upright
            row = seen["top"] if "top" in seen else rows - 1 - seen["bottom"]
            column = seen["left"] if "left" in seen else columns - 1 - seen["right"]
            stored[i, j] = image_HWC[row, column]
    return stored


def file(image_HWC: np.ndarray, kind: str, mark: int | None = None) -> bytes:
    image = Image.fromarray(image_HWC)
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    if mark is not None:
        exif[0x0112] = mark
    data = io.BytesIO()
    image = image.convert("CMYK") if "CMYK" in kind else image
    image.save(data, kind.replace(",", " ").split()[0], exif=exif, **FORMATS[kind])
    return data.getvalue()


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("mark", MARKS)
def test_however_it_was_held_it_stands_upright(kind, mark):
    expected = upright()
    seen = decode(file(held(expected, mark), kind, mark))
    assert seen.shape == expected.shape
    assert seen.flags.c_contiguous
    assert np.abs(seen.astype(int) - expected).max() <= LEVELS


def test_the_bound_above_can_be_missed():
    """By any other way of holding it."""
    others = [held(upright(), mark) for mark in (2, 3, 4)]
    assert all(np.abs(other.astype(int) - upright()).max() > 5 * LEVELS for other in others)
    assert {held(upright(), mark).shape for mark in (5, 6, 7, 8)} == {(40, 24, 3)}


@pytest.mark.parametrize("mark", [None, 0, 9, 77])
def test_no_mark_and_marks_without_meaning_change_nothing(mark):
    for kind in ("JPEG", "PNG"):
        assert np.abs(decode(file(upright(), kind, mark)).astype(int) - upright()).max() <= LEVELS


def test_who_wants_the_published_loaders_pixels_has_them(tmp_path):
    stored = held(upright(), 6)
    (tmp_path / "x.jpg").write_bytes(file(stored, "JPEG", 6))
    (tmp_path / "y.png").write_bytes(file(stored, "PNG", 6))
    as_stored, turned = View(size=40, upright=False), View(size=40)
    for name in ("x.jpg", "y.png"):
        plain, stands = (ImageFiles([tmp_path / name], view)[0] for view in (as_stored, turned))
        np.testing.assert_allclose(plain.astype(int), as_stored.apply(stored), atol=LEVELS)
        np.testing.assert_allclose(stands.astype(int), turned.apply(upright()), atol=LEVELS)


def test_damaged_exif_data_cost_no_photograph():
    data = file(upright(), "JPEG", 6)
    start = data.index(b"Exif\0\0") + 6
    stop = start - 8 + int.from_bytes(data[start - 8 : start - 6], "big")
    whole = decode(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of what it finds odd
        for place in range(start, stop):
            for value in (b"\0", b"\xff"):
                damaged = data[:place] + value + data[place + 1 :]
                assert sorted(decode(damaged).shape) == sorted(whole.shape)


def test_a_jpeg_may_have_other_segments_before_its_exif_data():
    """As editors write them, with padding between."""
    data = file(held(upright(), 8), "JPEG", 8)
    comment = b"\xff\xff\xfe" + (2 + 5).to_bytes(2, "big") + b"Exif\0"
    xmp = b"\xff\xe1" + (2 + 29).to_bytes(2, "big") + b"http://ns.adobe.com/xap/1.0/\0"
    assert decode(data[:2] + comment + xmp + data[2:]).shape == (24, 40, 3)


def test_a_picture_of_the_hub_stands_upright_too(tmp_path):
    hub = pytest.importorskip("datasets", reason="uv sync --extra huggingface")
    rows = list(each("train", 2, 4))
    lying = [held(np.asarray(Image.open(io.BytesIO(encoded(w, "PNG", 24, 40)))), 8) for w in rows]
    images = [{"bytes": file(image, "PNG", 8), "path": None} for image in lying]
    features = hub.Features({"image": hub.Image(), "label": hub.ClassLabel(names=["a", "b"])})
    table = {"image": images, "label": [which.label for which in rows]}
    for part in ("train", "test"):
        hub.Dataset.from_dict(table, features).to_parquet(tmp_path / f"raw/{part}.parquet")
    data = make(tmp_path / "data", "huggingface", path=str(tmp_path / "raw"))
    assert sorted(seen(data)["test"]) == sorted(rows)
    assert Which("train", 1, 3) in seen(data)["test"]
