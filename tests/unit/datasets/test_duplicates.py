"""Images that are in two splits are counted, and the first two named."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lorvp.datasets import duplicates, prepared
from lorvp.datasets.source import ImageArray, Source
from lorvp.datasets.write import write
from tests.support.datasets.making import make
from tests.support.datasets.pictures import Which, encoded
from tests.support.datasets.trees import lay, splits

SPLITS = ("train", "val", "test")


def test_the_same_pixels_count_whatever_the_file(tmp_path):
    """Another name, format or comment; not another picture, nor one that was compressed anew."""
    twin = encoded(Which("train", 0, 3), "PNG", 8, 8)
    commented = io.BytesIO()
    Image.open(io.BytesIO(twin)).save(commented, "PNG", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0")
    bitmap = io.BytesIO()
    Image.open(io.BytesIO(twin)).save(bitmap, "BMP")
    lossy = encoded(Which("train", 0, 3), "JPEG", 8, 8)
    tree = splits() | {"test/cat/a.png": twin, "test/cat/b.png": commented.getvalue(),
                       "test/dog/c.bmp": bitmap.getvalue(), "test/cat/d.jpg": lossy}  # fmt: skip
    root = lay(tmp_path / "raw", tree)
    data = make(tmp_path / "data", "folder", root=root, size=8, seed=1)
    pair = "val" if (Which("train", 0, 3) in rows(data, "val")) else "train"
    assert data.notes == [
        f"3 test images have the same pixels as images of {pair} "
        "(first: train/cat/3.png = test/cat/a.png)",
        f"1 test images have the same pixels as images of {pair} of another class: one of the two "
        "labels is wrong (first: train/cat/3.png = test/dog/c.bmp)",
        "1 test images have the same pixels as other images of test of another class: one of the "
        "two labels is wrong (first: test/cat/a.png = test/dog/c.bmp)",
    ]


def rows(data, split):
    from tests.support.datasets.making import read

    return [read(image) for image in data.split(split).images_NHWC.numpy()]


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2)), max_size=30))
def test_they_are_those_that_a_plain_comparison_finds(drawn):
    """Of seven images of three splits; two have one key though they differ."""
    images_NHWC = np.random.default_rng(0).integers(0, 256, (7, 3, 5, 3), dtype=np.uint8)
    images_NHWC[6] = images_NHWC[5]
    images_NHWC[6, -1, -1, -1] += 1  # the last byte of 45 is in no whole word
    assert duplicates.key(images_NHWC[5]) == duplicates.key(images_NHWC[6])
    numbers, split_N = (np.array([pair[n] for pair in drawn], dtype=int) for n in (0, 1))
    keys_N = np.array([duplicates.key(images_NHWC[n]) for n in numbers], dtype=np.uint64)
    found = duplicates.between(keys_N, split_N, SPLITS, images_NHWC[numbers], str)
    expected = {}
    for a, first in enumerate(SPLITS):
        for b in range(a + 1, 3):
            pairs = [(r, t) for t in range(len(drawn)) for r in range(len(drawn))]
            both = [(r, t) for r, t in pairs if (split_N[r], split_N[t]) == (a, b)]
            both = [(r, t) for r, t in both if numbers[r] == numbers[t]]
            if both:
                pair = [str(number) for number in both[0]]
                images = len({later for _, later in both})
                expected[f"{first}, {SPLITS[b]}"] = {"images": images, "first": pair}
    assert found == expected


@given(st.lists(st.tuples(*(st.integers(0, n) for n in (2, 2, 2))), max_size=20))
def test_those_of_two_classes_are_those_that_a_plain_comparison_finds(drawn):
    """Of three images, of which two have one key, three splits and three classes."""
    images_NHWC = np.random.default_rng(0).integers(0, 256, (3, 3, 5, 3), dtype=np.uint8)
    images_NHWC[2] = images_NHWC[1]
    images_NHWC[2, -1, -1, -1] += 1
    numbers, split_N, labels_N = (np.array([d[n] for d in drawn], dtype=int) for n in range(3))
    keys_N = np.array([duplicates.key(images_NHWC[n]) for n in numbers], dtype=np.uint64)
    found = duplicates.of_two_classes(keys_N, split_N, labels_N, SPLITS, images_NHWC[numbers], str)
    expected = {}
    for a, b in [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]:
        both = [
            (r, t) for t, (number, split, label) in enumerate(drawn) if split == b
            for r, other in enumerate(drawn)
            if other[:2] == (number, a) and other[2] != label and (a != b or r < t)
        ]  # fmt: skip
        if both:
            first = [str(row) for row in both[0]]
            images = len({later for _, later in both})
            expected[f"{SPLITS[a]}, {SPLITS[b]}"] = {"images": images, "first": first}
    assert found == expected


@pytest.mark.parametrize("side", [8, 9, 32, 224])
def test_keys_tell_images_apart_that_are_alike(side):
    """By one grey level of one pixel, mirrored, turned, or moved."""
    image = np.random.default_rng(side).integers(0, 256, (side, side, 3), dtype=np.uint8)
    brighter = image.copy()
    brighter[0, 0, 0] ^= 1
    others = [brighter, image[::-1], image[:, ::-1], image.swapaxes(0, 1), np.roll(image, 1, 0)]
    assert len({int(duplicates.key(other)) for other in [image, *others]}) == 6


def test_images_in_memory_are_called_by_their_row(tmp_path):
    images_NHWC = np.arange(4 * 8 * 8 * 3, dtype=np.uint8).reshape(4, 8, 8, 3)
    images_NHWC[3] = images_NHWC[1] = 7
    split = {"train": np.array([0, 1]), "val": np.array([2]), "test": np.array([3])}
    write(tmp_path / "x", Source(ImageArray(images_NHWC), np.zeros(4, int), split, ["a"], "noise"))
    note = "1 test images have the same pixels as images of train (first: image 1 = image 3)"
    assert prepared.read(tmp_path / "x").notes == [note]
