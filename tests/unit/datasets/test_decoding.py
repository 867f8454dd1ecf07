"""Stored pixels against Pillow's, which the published loaders use."""

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lorvp.datasets.folders.tree import SUFFIXES
from lorvp.datasets.pixels.decoding import decode
from lorvp.datasets.pixels.files import ImageFiles
from lorvp.datasets.pixels.view import View
from tests.support.datasets.encoded import saved, scene

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
LEVELS = 2
"""Grey levels that a resized pixel may differ by."""


def as_published(data: bytes, view: View) -> np.ndarray:
    """Resize and CenterCrop as torchvision documents them, on Pillow's RGB image."""
    image = Image.open(BytesIO(data)).convert("RGB")
    if view.resize == "squash":
        small = image.resize((view.size, view.size), FILTERS[view.interpolation])
        return np.asarray(small)
    short, least = round(view.size / view.crop), min(image.size)
    width, height = (short if n == least else int(short * n / least) for n in image.size)
    image = image.resize((width, height), FILTERS[view.interpolation])
    left, top = round((width - view.size) / 2), round((height - view.size) / 2)
    return np.asarray(image.crop((left, top, left + view.size, top + view.size)))


def differs(data: bytes, view: View) -> int:
    """Grey levels, at most, between ours and the published."""
    ours, theirs = view.apply(decode(data)), as_published(data, view)
    assert ours.shape == (view.size, view.size, 3)
    assert ours.dtype == np.uint8
    return int(np.abs(ours.astype(int) - theirs).max())


@pytest.mark.parametrize("interpolation", FILTERS)
@pytest.mark.parametrize("resize", ["squash", "crop"])
@pytest.mark.parametrize("size", [(64, 64), (65, 31), (37, 120), (20, 20), (49, 98), (300, 224)])
def test_resizing_is_pillows(interpolation, resize, size):
    """Larger and smaller, odd and even, by whole factors and not."""
    view = View(size=32, resize=resize, interpolation=interpolation)
    assert differs(saved(scene(*size), "PNG"), view) <= LEVELS


@given(st.integers(1, 90), st.integers(1, 90), st.integers(8, 40), st.floats(0.3, 1))
def test_any_size_and_any_crop(height, width, size, crop):
    view = View(size=size, resize="crop", crop=crop)
    assert differs(saved(scene(height, width), "PNG"), view) <= LEVELS


def test_the_bounds_above_can_be_missed():
    """By the other filter, by no antialiasing, and by a crop one pixel off."""
    image = np.asarray(scene(65, 90)).astype(int)
    small = View(size=32).apply(image.astype(np.uint8)).astype(int)
    cubic = View(size=32, interpolation="bicubic").apply(image.astype(np.uint8))
    assert np.abs(small - cubic).max() > LEVELS
    assert np.abs(small - image[1::2, 1::2][:32, :32]).max() > LEVELS
    cropped = View(size=32, resize="crop").apply(image.astype(np.uint8)).astype(int)
    assert np.abs(cropped[1:] - cropped[:-1]).max() > LEVELS


JPEGS = {
    "plain": (lambda image: image, {"quality": 90}),
    "without subsampling": (lambda image: image, {"quality": 75, "subsampling": 0}),
    "progressive": (lambda image: image, {"progressive": True}),
    "grey": (lambda image: image.convert("L"), {}),
    "cmyk": (lambda image: image.convert("CMYK"), {}),
    "one pixel": (lambda image: image.crop((0, 0, 1, 1)), {}),
}


@pytest.mark.parametrize("name", JPEGS)
@pytest.mark.parametrize(
    "view", [View(size=32), View(size=24, resize="crop")], ids=["squash", "crop"]
)
def test_jpegs(name, view):
    change, settings = JPEGS[name]
    assert differs(saved(change(scene(63, 90)), "JPEG", **settings), view) <= LEVELS


def palette_with_one_clear_colour(image: Image.Image) -> bytes:
    return saved(image.convert("P"), "PNG", transparency=3)


OTHERS = {
    "palette": lambda image: saved(image.convert("P"), "PNG"),
    "palette, clear": palette_with_one_clear_colour,
    "gif": lambda image: saved(image.convert("P"), "GIF"),
    "grey": lambda image: saved(image.convert("L"), "PNG"),
    "bits": lambda image: saved(image.convert("1"), "PNG"),
    "alpha": lambda image: saved(half_clear(image), "PNG"),
    "grey, alpha": lambda image: saved(half_clear(image).convert("LA"), "PNG"),
    "webp": lambda image: saved(image, "WEBP"),
    "tiff": lambda image: saved(image, "TIFF"),
    "tiff, cmyk": lambda image: saved(image.convert("CMYK"), "TIFF"),
    "bmp": lambda image: saved(image, "BMP"),
    "ppm": lambda image: saved(image, "PPM"),
    "png called jpg": lambda image: saved(image, "PNG"),
}


def half_clear(image: Image.Image) -> Image.Image:
    image.putalpha(
        Image.fromarray(np.tile(np.arange(image.width, dtype=np.uint8), (image.height, 1)))
    )
    return image


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_every_ending_that_is_taken_for_an_images_is_one_of_pillows(suffix):
    kind = Image.registered_extensions()[suffix]
    assert np.abs(decode(saved(scene(16, 24), kind)).astype(int) - scene(16, 24)).mean() < 20


@pytest.mark.parametrize("name", OTHERS)
def test_other_formats(name, tmp_path):
    data = OTHERS[name](scene(40, 60))
    assert differs(data, View(size=16)) <= LEVELS
    (tmp_path / "image.jpg").write_bytes(data)
    stored = ImageFiles([tmp_path / "image.jpg"], View(size=16))[0]
    np.testing.assert_array_equal(stored, View(size=16).apply(decode(data)))
