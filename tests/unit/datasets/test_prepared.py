"""Prepared datasets: what is written is what is read, and half of one is refused."""

import json

import numpy as np
import pytest
import torch

from lorvp.datasets import prepared
from lorvp.datasets.source import ImageArray, Source
from lorvp.datasets.write import write
from lorvp.errors import InputError
from tests.support.tiny import dataset, images


@pytest.fixture
def data(tmp_path):
    return dataset(tmp_path / "noise", train=5, val=3, test=2)


def test_splits_hold_their_rows_in_order(data):
    found = images(10)
    for name, rows in (("train", range(5)), ("val", range(5, 8)), ("test", range(8, 10))):
        split = data.split(name)
        assert torch.equal(split.images_NHWC, found.images_NHWC[list(rows)])
        assert torch.equal(split.labels_N, found.labels_N[list(rows)])
        assert len(split) == len(rows)
        assert (split.images_NHWC.dtype, split.labels_N.dtype) == (torch.uint8, torch.int64)


def test_rows_need_not_be_in_order(tmp_path):
    found = images(6)
    rows = {"train": np.array([4, 0]), "val": np.array([5]), "test": np.array([1, 2, 3])}
    pixels = ImageArray(found.images_NHWC.numpy())
    write(tmp_path / "noise", Source(pixels, found.labels_N.numpy(), rows, list("abc"), "noise"))
    split = prepared.read(tmp_path / "noise").split("train")
    assert torch.equal(split.images_NHWC, found.images_NHWC[[4, 0]])


def test_a_changed_tensor_does_not_change_the_files(data):
    data.split("train").images_NHWC.zero_()
    assert data.split("train").images_NHWC.any()


def test_the_folder_says_what_it_holds(data):
    manifest = json.loads((data.folder / "manifest.json").read_text())
    assert manifest["sizes"] == {"train": 5, "val": 3, "test": 2}
    assert manifest["class_names"] == data.class_names == ["class 0", "class 1", "class 2"]
    assert manifest["origin"] == "noise"
    assert set(manifest["files"]) == {path.name for path in data.folder.glob("*.npy")}


def test_files_are_plain_arrays_without_pickles(data):
    for path in data.folder.glob("*.npy"):
        np.load(path, allow_pickle=False)


def test_the_digest_is_that_of_bytes_and_class_names(tmp_path, data):
    same = dataset(tmp_path / "same", train=5, val=3, test=2)
    assert same.digest == data.digest
    others = [
        dataset(tmp_path / "a", train=5, val=3, test=2, seed=1),
        dataset(tmp_path / "b", train=5, val=2, test=3),
        renamed(data, tmp_path / "c"),
    ]
    assert len({data.digest, *(other.digest for other in others)}) == 4


def renamed(data, folder):
    """The same arrays with other class names."""
    images_NHWC, labels_N = (np.load(data.folder / f"{name}.npy") for name in ("images", "labels"))
    splits = {"train": np.arange(5), "val": np.arange(5, 8), "test": np.arange(8, 10)}
    write(folder, Source(ImageArray(images_NHWC), labels_N, splits, ["x", "y", "z"], "noise"))
    return prepared.read(folder)


def test_writing_again_replaces(tmp_path, data):
    dataset(data.folder, train=1, val=1, test=1)
    assert len(prepared.read(data.folder).split("train")) == 1


def test_a_folder_without_manifest_is_no_dataset(tmp_path, data):
    (data.folder / "manifest.json").unlink()
    for folder in (data.folder, tmp_path / "nowhere"):
        with pytest.raises(InputError, match=f"{folder} is not a prepared dataset"):
            prepared.read(folder)


@pytest.mark.parametrize("name", ["images", "labels"])
def test_a_missing_file_is_named(data, name):
    (data.folder / f"{name}.npy").unlink()
    with pytest.raises(InputError, match=rf"incomplete: {name}.npy missing"):
        prepared.read(data.folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_broken_manifest_is_named(data, text):
    (data.folder / "manifest.json").write_text(text)
    with pytest.raises(InputError, match=r"manifest\.json"):
        prepared.read(data.folder)


def test_a_truncated_array_is_named(data):
    path = data.folder / "images.npy"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"images\.npy"):
        prepared.read(data.folder).split("train")


def test_changed_bytes_are_not_taken_for_the_old_ones(data):
    """Else a trial on other labels has the fingerprint, and so the result, of the old ones."""
    path = data.folder / "labels.npy"
    np.save(path, 2 - np.load(path))
    with pytest.raises(InputError, match=r"labels\.npy"):
        prepared.read(data.folder).split("train")


def test_classes_without_images_are_named(tmp_path):
    few = dataset(tmp_path / "few", train=2, val=3, test=3)
    assert few.classes_without("train") == ["class 2"]
    assert few.classes_without("val") == []


def test_the_folder_holds_nothing_else(data):
    names = {path.name for path in data.folder.iterdir()}
    assert names == {"images.npy", "labels.npy", "manifest.json"}


def test_images_lie_as_train_then_val_then_test(tmp_path):
    """So that each split is one piece of the memory map, whatever order the source has."""
    found = images(6)
    rows = {"train": np.array([4, 0]), "val": np.array([5]), "test": np.array([1, 2, 3])}
    pixels = ImageArray(found.images_NHWC.numpy())
    write(tmp_path / "n", Source(pixels, found.labels_N.numpy(), rows, list("abc"), "noise"))
    order = [4, 0, 5, 1, 2, 3]
    stored = np.load(tmp_path / "n/images.npy")
    np.testing.assert_array_equal(stored, found.images_NHWC[order].numpy())
    stored = np.load(tmp_path / "n/labels.npy")
    np.testing.assert_array_equal(stored, found.labels_N[order].numpy())


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_the_number_of_threads_changes_no_byte(tmp_path, threads):
    found = images(200)
    rows = {"train": np.arange(150), "val": np.arange(150, 170), "test": np.arange(170, 200)}
    pixels = ImageArray(found.images_NHWC.numpy())
    source = Source(pixels, found.labels_N.numpy(), rows, list("abc"), "noise")
    told = []
    write(tmp_path / "n", source, on_images=told.append, threads=threads)
    np.testing.assert_array_equal(np.load(tmp_path / "n/images.npy"), pixels.images_NHWC)
    assert sum(told) == 200
    assert prepared.read(tmp_path / "n").sizes == {"train": 150, "val": 20, "test": 30}


def test_an_empty_split_can_be_asked_for(tmp_path):
    """Test sets that nobody trains on, such as ImageNet-R, have no train."""
    only_tests = dataset(tmp_path / "n", train=0, val=0, test=4)
    assert [len(only_tests.split(name)) for name in ("train", "val", "test")] == [0, 0, 4]
