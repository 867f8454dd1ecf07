"""Real files, where ``LORVP_REAL_DATA`` names a folder that has some; see its SOURCES.md."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.datasets.making import make

REAL = Path(os.environ.get("LORVP_REAL_DATA", "/nowhere"))

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="LORVP_REAL_DATA names no folder")


@pytest.fixture(scope="module")
def cifar10(tmp_path_factory):
    return make(tmp_path_factory.mktemp("cifar10") / "data", "cifar10", root=str(REAL))


def original(file: str) -> dict:
    """Read with Python's own pickle, as CIFAR's page says."""
    return pickle.loads((REAL / "cifar-10-batches-py" / file).read_bytes(), encoding="latin1")


def test_cifar10_has_its_sizes_and_names(cifar10):
    assert cifar10.sizes == {"train": 9000, "val": 1000, "test": 2000}
    assert " ".join(cifar10.class_names) == (
        "airplane automobile bird cat deer dog frog horse ship truck"
    )
    for split, each in (("train", 900), ("val", 100), ("test", 200)):
        assert np.bincount(cifar10.split(split).labels_N).tolist() == [each] * 10


def test_cifar10s_test_images_are_the_originals(cifar10):
    batch = original("test_batch")
    test = cifar10.split("test")
    assert test.labels_N.tolist() == batch["labels"]
    assert test.labels_N[:10].tolist() == [6, 8, 8, 2, 2, 5, 4, 6, 7, 3]
    for n in range(10):
        red, green, blue = np.array(batch["data"][n]).reshape(3, 32, 32)
        image = test.images_NHWC[n].numpy()
        for channel, plane in enumerate((red, green, blue)):
            np.testing.assert_array_equal(image[..., channel], plane)


def test_cifar10s_training_images_are_the_originals_but_those_held_out(cifar10):
    """In their order; the first ten of the first file all come, in train or in val."""
    batch = original("data_batch_1")
    assert batch["labels"][:10] == [2, 9, 7, 4, 9, 0, 1, 3, 2, 7]
    where = {}
    for split in ("train", "val"):
        images = cifar10.split(split)
        for row, image in enumerate(images.images_NHWC[:1200].numpy()):
            where[image.tobytes()] = (row, int(images.labels_N[row]), split)
    found = [
        where[np.array(batch["data"][n]).reshape(3, 32, 32).transpose(1, 2, 0).tobytes()]
        for n in range(10)
    ]
    assert [label for _, label, _ in found] == batch["labels"][:10]
    in_train = [row for row, _, split in found if split == "train"]
    assert in_train == list(range(len(in_train)))


def test_a_thousand_photographs_as_imagenet_sketch(tmp_path):
    """One of each class, in a folder that is called by its WordNet id."""
    settings = {"root": str(REAL / "imagenet-sample"), "size": 64}
    data = make(tmp_path / "data", "imagenet_sketch", **settings)
    assert data.sizes == {"train": 0, "val": 0, "test": 1000}
    test = data.split("test")
    assert test.labels_N.tolist() == list(range(1000))
    files = sorted((REAL / "imagenet-sample").glob("*/*"))
    for n in (0, 1, 500, 999):
        image = Image.open(files[n]).convert("RGB").resize((64, 64), Image.Resampling.BILINEAR)
        off = np.abs(test.images_NHWC[n].numpy().astype(int) - np.asarray(image))
        assert off.max() <= 2
