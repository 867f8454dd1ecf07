"""RandomResizedCrop in a batch: its parts as torchvision draws them, its pixels as Pillow's."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor
from torchvision.transforms import RandomResizedCrop

from lorvp.augmentation.resized_crop import (
    random_boxes,
    random_resized_crops,
    resampled,
    weights,
)
from tests.support.datasets.encoded import scene

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
modes = pytest.mark.parametrize("mode", FILTERS)


def photos(number: int, height: int, width: int) -> Tensor:
    return torch.from_numpy(np.stack([scene(height, width, seed) for seed in range(number)]))


def by_pillow(images_BHWC: Tensor, boxes_B4: Tensor, size: tuple[int, int], mode: str) -> Tensor:
    rows = []
    for image, (top, left, height, width) in zip(images_BHWC, boxes_B4.tolist(), strict=True):
        part = Image.fromarray(image.numpy()).crop((left, top, left + width, top + height))
        rows.append(np.asarray(part.resize(size[::-1], FILTERS[mode])))
    return torch.from_numpy(np.stack(rows)).permute(0, 3, 1, 2)


sides = st.integers(4, 60)


@modes
@given(height=sides, width=sides, size=st.tuples(sides, sides), seed=st.integers(0, 99))
def test_parts_are_resized_as_pillow_does(mode, height, width, size, seed):
    """Without a look at any number on the device; larger or smaller."""
    images_BHWC = photos(2, height, width)
    boxes_B4 = random_boxes(images_BHWC, 0.08, 4 / 3, torch.Generator().manual_seed(seed))
    found = resampled(images_BHWC, boxes_B4, size, mode)
    assert (found.shape, found.dtype) == ((2, 3, *size), torch.uint8)
    off = (found.int() - by_pillow(images_BHWC, boxes_B4, size, mode).int()).abs()
    assert off.max() <= 2
    assert off.double().mean() < 0.1


@modes
def test_a_cpu_gives_the_same_by_another_way(mode, elsewhere):
    def cropped() -> Tensor:
        generator = torch.Generator().manual_seed(3)
        return random_resized_crops(photos(6, 48, 40), (32, 24), mode, 0.2, 1.5, generator)

    here = cropped()
    elsewhere()
    off = (here.int() - cropped().int()).abs()
    assert off.max() <= 2
    assert off.double().mean() < 0.1


@modes
def test_weights_are_shares(mode):
    found = weights(torch.tensor([0, 5]), torch.tensor([20, 3]), 20, 9, mode)
    torch.testing.assert_close(found.sum(2), torch.ones(2, 9))
    assert (found[1, :, :5] == 0).all(), "pixels beside the part add nothing"
    assert (found[1, :, 8:] == 0).all()


@pytest.mark.parametrize(("scale", "ratio"), [(0.08, 4 / 3), (0.5, 2.0), (1.0, 1.0)])
def test_parts_have_the_areas_and_sides_that_were_asked_for(scale, ratio):
    images_BHWC = torch.zeros(4000, 100, 100, 3, dtype=torch.uint8)
    top, left, height, width = random_boxes(
        images_BHWC, scale, ratio, torch.Generator().manual_seed(0)
    ).T
    assert min(top.min(), left.min()) >= 0
    assert max((top + height).max(), (left + width).max()) <= 100
    assert (height * width >= scale * 10_000 - 101).all()  # sides are whole
    assert max((width / height).max(), (height / width).max()) <= ratio * 1.05


def test_parts_are_distributed_as_torchvisions():
    """Means of 4,000 draws each, within five standard errors of their difference."""
    images_BHWC = torch.zeros(4000, 60, 80, 3, dtype=torch.uint8)
    ours = random_boxes(images_BHWC, 0.08, 4 / 3, torch.Generator().manual_seed(0)).double()
    torch.manual_seed(1)
    image = torch.zeros(3, 60, 80)
    theirs = torch.tensor([
        RandomResizedCrop.get_params(image, [0.08, 1.0], [3 / 4, 4 / 3]) for _ in range(4000)
    ]).double()  # fmt: skip
    for column in range(4):
        error = math.sqrt((ours[:, column].var() + theirs[:, column].var()) / 4000)
        assert abs(ours[:, column].mean() - theirs[:, column].mean()) < 5 * error


def test_where_no_part_fits_the_middle_is_kept():
    """All of a long image cannot be a square: torchvision then keeps the largest in the middle."""
    images_BHWC = torch.zeros(5, 10, 40, 3, dtype=torch.uint8)
    boxes_B4 = random_boxes(images_BHWC, 1.0, 1.0)
    assert boxes_B4.tolist() == [[0, 15, 10, 10]] * 5
    image = torch.zeros(3, 10, 40)
    assert RandomResizedCrop.get_params(image, [1.0, 1.0], [1.0, 1.0]) == (0, 15, 10, 10)
    whole = random_boxes(torch.zeros(2, 10, 10, 3), 1.0, 1.0)
    assert whole.tolist() == [[0, 0, 10, 10]] * 2


def test_it_runs_where_numbers_have_another_type(float64):
    images_BHWC = photos(2, 20, 20)
    boxes_B4 = random_boxes(images_BHWC, 0.5, 2.0, torch.Generator().manual_seed(0))
    assert resampled(images_BHWC, boxes_B4, (8, 8), "bicubic").dtype == torch.uint8
