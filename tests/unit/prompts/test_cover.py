"""EVP's fit, against what its code does with Pillow's images."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from lorvp.augmentation.settings import Augmentation
from lorvp.networks.interface import Canvas
from lorvp.prompts.fits.cover import Cover, CoverConfig
from tests.support.canvases import BLACK, levels, on_canvas
from tests.support.tiny import images

pytestmark = pytest.mark.usefixtures("float64")
MEAN = (0.4, 0.5, 0.6)


def published_cover(raw_HWC: Tensor, side: int) -> Tensor:
    """What EVP's code does with Pillow images: the shorter side to ``side``, then the middle."""
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms import functional as published

    pillow = published.resize(Image.fromarray(raw_HWC.numpy()), [side], InterpolationMode.BICUBIC)
    return published.pil_to_tensor(published.center_crop(pillow, [side, side])).double() / 255


@settings(max_examples=40)
@given(st.integers(0, 99), st.integers(10, 60), st.integers(10, 60), st.integers(5, 20))
def test_a_cover_is_the_published_resize_and_crop_within_two_grey_levels(seed, h, w, side):
    raw = torch.from_numpy(np.random.default_rng(seed).integers(0, 256, (1, h, w, 3), np.uint8))
    got = Cover(Canvas((24, 21)), side).eval()(raw)[0]
    expected = on_canvas(published_cover(raw[0], side), (24, 21), BLACK)
    assert float((got - expected).abs().max()) <= 2 / 255


@pytest.mark.parametrize("side", [(39, 117), (117, 39)])
def test_a_longer_side_that_comes_out_whole_is_not_cut_by_rounding(side):
    """10 / 39 * 117 is 29.999... in floating point; the window would move by half a pixel."""
    raw = images(1, side=side).images_NHWC
    got = Cover(Canvas((12, 12)), 10).eval()(raw)[0]
    expected = on_canvas(published_cover(raw[0], 10), (12, 12), BLACK)
    assert float((got - expected).abs().max()) <= 2 / 255


@pytest.mark.parametrize(("height", "width"), [(6, 9), (9, 6)])
def test_training_cuts_every_window_of_a_long_image_and_nothing_else(height, width):
    """The shorter side is the square's, so that nothing is resized and windows compare exactly."""
    torch.manual_seed(0)
    raw = images(1, side=(height, width)).images_NHWC
    got = Cover(Canvas((9, 8)), 6).train()(raw.expand(200, -1, -1, -1))
    windows = [
        on_canvas(levels(raw)[0, :, top : top + 6, left : left + 6], (9, 8), BLACK)
        for top in range(height - 5)
        for left in range(width - 5)
    ]
    shown = [[torch.equal(one, window) for window in windows] for one in got]
    assert all(sum(row) == 1 for row in shown)
    counts = [sum(column) for column in zip(*shown, strict=True)]
    assert len(counts) == 4
    assert min(counts) > 200 / 4 - 5 * (200 * 3 / 16) ** 0.5


def test_training_flips_and_enlarges_a_cover_as_it_is_told():
    torch.manual_seed(0)
    raw = images(1, side=(9, 9)).images_NHWC
    fit = Cover(Canvas((8, 8)), 6).train()
    fit.augmentation = Augmentation(enlarge=1.5, flip=True)
    got = fit(raw.expand(400, -1, -1, -1))
    plain = levels(raw)[0]
    windows = [
        on_canvas(seen[:, top : top + 6, left : left + 6], (8, 8), BLACK)
        for seen in (plain, plain.flip(2))
        for top in range(4)
        for left in range(4)
    ]
    counts = [sum(torch.equal(one, window) for one in got) for window in windows]
    assert sum(counts) == 400
    assert min(counts) > 0


def test_a_cover_fills_its_frame_with_the_mean_colour_if_told():
    raw = images(2, side=(6, 6)).images_NHWC
    got = CoverConfig(image_size=6, colour="mean").build(Canvas((9, 8), MEAN)).eval()(raw)
    for n in range(2):
        assert torch.equal(got[n], on_canvas(levels(raw)[n], (9, 8), MEAN))
