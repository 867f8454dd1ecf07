"""Images resized as Pillow does it, and grey levels as numbers."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lorvp.images import resized, unit

pytestmark = pytest.mark.hardware
FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
sides = st.tuples(st.integers(4, 80), st.integers(4, 80))
modes = pytest.mark.parametrize("mode", FILTERS)


def noise(batch: int, height: int, width: int, seed: int = 0) -> torch.Tensor:
    """Grey levels of every size, smooth and not."""
    rng = np.random.default_rng(seed)
    levels = rng.integers(0, 256, (batch, height, width, 3))
    levels[0] = np.linspace(0, 255, height * width * 3).reshape(height, width, 3)
    return torch.from_numpy(levels.astype(np.uint8))


def by_pillow(images_BHWC: torch.Tensor, size: tuple[int, int], mode: str) -> torch.Tensor:
    rows = [
        np.asarray(Image.fromarray(image.numpy()).resize(size[::-1], FILTERS[mode]))
        for image in images_BHWC
    ]
    return torch.from_numpy(np.stack(rows)).permute(0, 3, 1, 2)


@modes
@given(before=sides, after=sides, seed=st.integers(0, 9))
def test_levels_are_pillows(mode, before, after, seed):
    images_BHWC = noise(2, *before, seed=seed)
    found = resized(images_BHWC, after, mode)
    assert (found.shape, found.dtype) == ((2, 3, *after), torch.uint8)
    difference = (found.int() - by_pillow(images_BHWC, after, mode).int()).abs()
    assert difference.max() <= 2
    assert difference.double().mean() < 0.1


class Elsewhere(torch.Tensor):
    """Says that it is on a device for which torch has no uint8 form."""

    device = torch.device("cuda")


@modes
@given(before=sides, after=sides, seed=st.integers(0, 9))
def test_levels_are_pillows_where_there_are_only_floats(mode, before, after, seed):
    images_BHWC = noise(2, *before, seed=seed)
    found = resized(images_BHWC.as_subclass(Elsewhere), after, mode).as_subclass(torch.Tensor)
    assert (found.shape, found.dtype) == ((2, 3, *after), torch.uint8)
    difference = (found.int() - by_pillow(images_BHWC, after, mode).int()).abs()
    assert difference.max() <= 2
    assert difference.double().mean() < 0.1


@modes
def test_the_given_images_stay_and_each_is_resized_by_itself(mode):
    images_BHWC = noise(3, 20, 31)
    before = images_BHWC.clone()
    found = resized(images_BHWC, (16, 24), mode)
    assert torch.equal(images_BHWC, before)
    alone = [resized(images_BHWC[i : i + 1], (16, 24), mode) for i in range(3)]
    assert torch.equal(found, torch.cat(alone))


def test_images_of_the_right_size_keep_every_level():
    images_BHWC = noise(2, 9, 12)
    found = resized(images_BHWC, (9, 12))
    assert torch.equal(found, images_BHWC.permute(0, 3, 1, 2))


@modes
@pytest.mark.parametrize("level", [0, 1, 127, 254, 255])
def test_one_colour_stays_this_colour(mode, level):
    images_BHWC = torch.full((1, 13, 7, 3), level, dtype=torch.uint8)
    assert (resized(images_BHWC, (31, 5), mode) == level).all()


def test_bicubic_stays_within_the_grey_levels():
    """Its weights reach below 0, so that an edge would go beyond black and white."""
    edge_HW = (torch.arange(16) < 8).byte() * 255
    images_BHWC = edge_HW[None, None, :, None].expand(1, 16, 16, 3)
    found = resized(images_BHWC, (40, 40), "bicubic")
    assert found.double().mean() == pytest.approx(127.5, abs=0.5)
    assert set(found[0, 0, 20, :8].tolist()) == {255}
    assert set(found[0, 0, 20, -8:].tolist()) == {0}


@modes
@pytest.mark.parametrize("size", [(5, 40), (40, 5), (20, 30)], ids=str)
def test_other_devices_give_the_same_shape_and_type(mode, size):
    found = resized(torch.empty(2, 20, 30, 3, dtype=torch.uint8, device="meta"), size, mode)
    assert (found.shape, found.dtype, found.device.type) == ((2, 3, *size), torch.uint8, "meta")


def test_levels_become_numbers_from_0_to_1():
    levels = torch.arange(256, dtype=torch.uint8)
    found = unit(levels)
    assert found.dtype == torch.float32
    assert found.tolist() == pytest.approx([level / 255 for level in range(256)], rel=1e-7)
    assert (found[0], found[255]) == (0, 1)


def test_levels_become_numbers_of_the_default_type(float64):
    assert unit(torch.tensor([51], dtype=torch.uint8)).item() == 0.2


def test_levels_come_back_exactly():
    levels = torch.arange(256, dtype=torch.uint8)
    assert torch.equal((255 * unit(levels)).round().to(torch.uint8), levels)
