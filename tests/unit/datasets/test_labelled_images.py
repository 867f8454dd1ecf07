"""Images with labels, batch by batch, where the trainer wants them."""

import numpy as np
import pytest
import torch

from lorvp.datasets import labelled_images
from lorvp.datasets.labelled_images import LabelledImages
from tests.support.tiny import dataset, images


@pytest.fixture
def small_batches(monkeypatch):
    """Four images at a time where nothing is trained."""
    monkeypatch.setattr(labelled_images, "EVAL_BATCH", 4)


@pytest.mark.parametrize("number", [1, 3, 4, 5, 8, 10])
def test_batches_hold_all_images_in_order_and_the_last_one_the_rest(small_batches, number):
    found = images(number)
    parts = list(found.batches())
    full, rest = divmod(number, 4)
    assert [len(labels_B) for _, labels_B in parts] == [4] * full + [rest] * (rest > 0)
    assert torch.equal(torch.cat([x_BHWC for x_BHWC, _ in parts]), found.images_NHWC)
    assert torch.equal(torch.cat([y_B for _, y_B in parts]), found.labels_N)


def test_no_images_are_no_batches():
    assert list(images(0).batches()) == []


@pytest.mark.parametrize("rows", [[2], [4, 0, 3], [1, 1, 1], list(range(5))], ids=str)
def test_a_batch_holds_the_rows_that_are_asked_for(rows):
    found = images(5)
    x_BHWC, y_B = found.batch(torch.tensor(rows))
    assert (x_BHWC.dtype, y_B.dtype) == (torch.uint8, torch.int64)
    for place, row in enumerate(rows):
        assert torch.equal(x_BHWC[place], found.images_NHWC[row])
        assert y_B[place] == row % 3


def test_a_slice_is_a_batch_too():
    found = images(5)
    x_BHWC, y_B = found.batch(slice(1, 3))
    assert torch.equal(x_BHWC, found.images_NHWC[[1, 2]])
    assert y_B.tolist() == [1, 2]


def test_on_another_device_all_is_there(small_batches):
    found = images(6).to("meta")
    assert found.device == torch.device("meta")
    assert found.images_NHWC.is_meta
    assert found.labels_N.is_meta
    assert len(found) == 6
    assert [x_BHWC.shape for x_BHWC, _ in found.batches()] == [(4, 16, 16, 3), (2, 16, 16, 3)]
    assert all(x_BHWC.is_meta and y_B.is_meta for x_BHWC, y_B in found.batches())


def test_moving_gives_new_images_and_leaves_the_old_ones():
    found = images(3)
    assert found.to("meta") is not found
    assert (found.device.type, found.images_NHWC.device.type) == ("cpu", "cpu")
    stayed = found.to("cpu")
    assert stayed.images_NHWC.data_ptr() == found.images_NHWC.data_ptr()
    assert stayed.labels_N.data_ptr() == found.labels_N.data_ptr()


def test_images_that_are_too_many_for_a_device_stay_and_their_batches_go_there(monkeypatch):
    asked = []
    monkeypatch.setattr(labelled_images, "_has_room", lambda *given: asked.append(given))
    found = images(6).to("meta")
    assert asked == [(torch.device("meta"), 6 * 16 * 16 * 3)]
    assert found.images_NHWC.device.type == "cpu"
    assert (found.labels_N.device.type, found.home.type) == ("cpu", "cpu"), "beside the images"
    x_BHWC, y_B = found.batch(torch.tensor([5, 0]))
    assert (x_BHWC.device.type, x_BHWC.shape) == ("meta", (2, 16, 16, 3))
    assert y_B.is_meta


@pytest.mark.parametrize(("size", "fits"), [(49, True), (50, False), (100, False)])
def test_half_of_a_gpu_is_left_to_the_network(monkeypatch, size, fits):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (100, 1000))
    assert labelled_images._has_room(torch.device("cuda"), size) == fits
    assert labelled_images._has_room(torch.device("cpu"), 10**15)


def test_images_of_a_split_stay_on_disk_until_they_are_looked_at(tmp_path, monkeypatch):
    data, modes = dataset(tmp_path / "noise"), []
    load = np.load
    monkeypatch.setattr(
        np, "load", lambda path, mmap_mode=None: modes.append(mmap_mode) or load(path, mmap_mode)
    )
    split = data.split("train")
    assert modes == ["c", None], "the images through a memory map, the labels at once"
    assert torch.equal(split.to("cpu").batch(slice(0, 2))[0], images(2, 0).images_NHWC.new_tensor(
        load(data.folder / "images.npy")[:2]
    ))  # fmt: skip


def test_a_moved_split_is_still_the_memory_map(tmp_path):
    split = dataset(tmp_path / "noise").split("train")
    assert split.to("cpu").images_NHWC.data_ptr() == split.images_NHWC.data_ptr()
    assert isinstance(split, LabelledImages)


@pytest.mark.parametrize("device", ["cuda", "cuda:0"])
def test_a_card_is_the_same_with_and_without_its_number(device):
    """A worker knows its card as ``cuda``, and tensors on it are on ``cuda:0``."""
    there = LabelledImages(images(3).images_NHWC, images(3).labels_N, torch.device(device))
    assert not there.on_device
    found = images(3).to("meta")
    assert found.on_device
    numbered = LabelledImages(found.images_NHWC, found.labels_N, torch.device("meta:0"))
    assert numbered.on_device
