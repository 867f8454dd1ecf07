"""Files that are no images, or damaged, or a trap: named, and nothing worse."""

import resource
import struct
import warnings
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorvp.datasets.pixels.files import BrokenImageError, ImageFiles
from lorvp.datasets.pixels.view import View
from tests.support.datasets.encoded import HUGE_PNG, saved, scene

# The height and width of a JPEG stand behind the marker of its frame.
SMALL_JPEG = saved(scene(16, 16), "JPEG")
FRAME = SMALL_JPEG.index(b"\xff\xc0")
HUGE_JPEG = SMALL_JPEG[: FRAME + 5] + struct.pack(">HH", 65500, 65500) + SMALL_JPEG[FRAME + 9 :]
BROKEN = {
    "empty": b"",
    "text": b"<html>404 Not Found</html>",
    "half a jpeg": saved(scene(64, 64), "JPEG")[:900],
    "jpeg without its end": saved(scene(64, 64), "JPEG")[:-40],
    "head of a jpeg": SMALL_JPEG[:20],
    "half a png": saved(scene(64, 64), "PNG")[:3000],
    "half a webp": saved(scene(64, 64), "WEBP")[:300],
    "half a gif": saved(scene(64, 64), "GIF")[:700],
    "half a bmp": saved(scene(64, 64), "BMP")[:700],
    "huge png": HUGE_PNG,
    "huge jpeg": HUGE_JPEG,
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_image_is_named(name, tmp_path):
    """And its pixels, which may be 12 GB, are not made room for."""
    (tmp_path / "image.jpg").write_bytes(BROKEN[name])
    before = most_memory()
    with pytest.raises(BrokenImageError, match=r"image\.jpg is no image that can be read: \S"):
        ImageFiles([tmp_path / "image.jpg"], View(size=16))[0]
    assert most_memory() - before < 2**30


def most_memory() -> int:
    """Bytes that this process had at once, so far."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BrokenImageError, match=r"image\.jpg is no image"):
        ImageFiles([tmp_path / "image.jpg"], View(size=16))[0]


@pytest.mark.parametrize(
    ("file", "name"), [("/raw/a/x.png", "a/x.png"), ("/cache/y.png", "y.png"), ("z.png", "z.png")]
)
def test_a_broken_image_is_called_as_in_its_folder(file, name):
    """Or, if it lies elsewhere, by its own name alone."""
    error = BrokenImageError(f"image 3 ({file}) cannot be read", Path(file))
    assert str(error) == f"image 3 ({file}) cannot be read"
    assert error.below(Path("/raw")) == f"image 3 ({name}) cannot be read"


FORMATS = {
    kind: saved(scene(24, 24), kind)
    for kind in ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
}


@given(st.sampled_from(sorted(FORMATS)), st.integers(0, 2000), st.binary(max_size=8), st.booleans())
def test_damaged_bytes_give_an_image_or_name_the_file(tmp_path_factory, kind, place, bytes_, cut):
    """Never another error, with which one file would end the preparation of all."""
    data = FORMATS[kind]
    place %= len(data)
    rest = b"" if cut else data[place + len(bytes_) :]
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(data[:place] + bytes_ + rest)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of what it finds odd
        with suppress(BrokenImageError):
            assert ImageFiles([path], View(size=16))[0].shape == (16, 16, 3)
