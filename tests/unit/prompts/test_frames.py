"""Fits that leave a frame free around the image, against loops over pixels."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError
from torch import Tensor

from lorvp.errors import InputError
from lorvp.images import Augmentation
from lorvp.networks.interface import Canvas
from lorvp.prompts.fits.cover import Cover, CoverConfig
from lorvp.prompts.fits.frame import Frame, FrameConfig
from lorvp.prompts.fits.scaled_frame import ScaledFrame, ScaledFrameConfig
from tests.support.canvases import BLACK, MEAN, first, on_canvas, scaled
from tests.support.tiny import images

pytestmark = pytest.mark.usefixtures("float64")
# Canvas, side of the image: even and odd rests on either axis.
LAID = [((8, 8), 4), ((9, 12), 4), ((12, 9), 5), ((7, 8), 6), ((15, 10), 1)]
laid = pytest.mark.parametrize(("size", "side"), LAID, ids=str)


def levels(images_NHWC: Tensor) -> Tensor:
    return images_NHWC.permute(0, 3, 1, 2).double() / 255


@laid
@pytest.mark.parametrize("colour", ["black", "mean"])
def test_a_frame_holds_the_image_in_the_middle_of_its_colour(size, side, colour):
    raw = images(2, side=(side, side)).images_NHWC
    got = FrameConfig(image_size=side, colour=colour).build(Canvas(size, MEAN))(raw)
    outside = MEAN if colour == "mean" else BLACK
    for n in range(2):
        assert torch.equal(got[n], on_canvas(levels(raw)[n], size, outside))


@laid
def test_a_frame_knows_which_pixels_hold_the_image(size, side):
    fit = Frame(Canvas(size), side)
    expected = on_canvas(torch.ones(3, side, side), size, BLACK)[0].bool()
    assert int(expected.sum()) == side * side
    assert torch.equal(fit.image_HW(), expected)
    assert torch.equal(fit.ever_free_HW(), ~expected)


def test_an_image_of_another_size_is_squashed_into_the_frame_as_by_pillow():
    raw = images(1, side=(31, 17)).images_NHWC
    got = Frame(Canvas((12, 14)), 9)(raw)[0]
    pillow = Image.fromarray(raw[0].numpy()).resize((9, 9), Image.Resampling.BILINEAR)
    square = torch.tensor(list(pillow.tobytes())).reshape(1, 9, 9, 3)
    expected = on_canvas(levels(square)[0], (12, 14), BLACK)
    assert float((got - expected).abs().max()) <= 2 / 255


@pytest.mark.parametrize("config", [FrameConfig, CoverConfig])
@pytest.mark.parametrize("side", [8, 9, 400])
def test_an_image_that_leaves_no_frame_is_refused_with_the_largest_there_is(config, side):
    with pytest.raises(InputError, match=rf"image_size {side} .* 8x12 .* at most 7"):
        config(image_size=side).build(Canvas((8, 12)))
    config(image_size=7).build(Canvas((8, 12)))


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


@torch.no_grad()
@pytest.mark.parametrize(("size", "side"), [((9, 12), 4), ((12, 9), 5), ((8, 8), 7)], ids=str)
@pytest.mark.parametrize("scale", [0.1, 0.53, 1.0, 1.3, 2.9, 5.0])
@pytest.mark.parametrize("colour", ["black", "mean"])
def test_a_scaled_frame_is_the_frame_scaled_about_its_centre(size, side, scale, colour):
    raw = images(1, side=(side, side)).images_NHWC
    outside = MEAN if colour == "mean" else BLACK
    fit = ScaledFrameConfig(base=side, scale=scale, colour=colour).build(Canvas(size, MEAN))
    expected = scaled(on_canvas(levels(raw)[0], size, outside), scale, outside)
    torch.testing.assert_close(fit(raw)[0], expected, rtol=0, atol=1e-12)


@torch.no_grad()
@laid
def test_at_scale_1_a_scaled_frame_is_the_frame(size, side):
    raw = images(2, side=(11, 13)).images_NHWC
    canvas = Canvas(size, MEAN)
    assert torch.equal(ScaledFrame(canvas, side, 1.0)(raw), Frame(canvas, side)(raw))


def test_the_gradient_of_the_scale_is_the_slope():
    raw = images(2, side=(6, 6)).images_NHWC
    weights = torch.rand(2, 3, 12, 9, generator=torch.Generator().manual_seed(0))
    fit = ScaledFrame(Canvas((12, 9)), 6, 1.3)
    (fit(raw) * weights).sum().backward()
    laid_BCHW = torch.stack([on_canvas(image, (12, 9), BLACK) for image in levels(raw)])
    above, below = (
        sum(float((scaled(laid_BCHW[n], s) * weights[n]).sum()) for n in range(2))
        for s in (1.3 + 1e-6, 1.3 - 1e-6)
    )
    assert float(fit.scale.grad) == pytest.approx((above - below) / 2e-6, rel=1e-6)


@pytest.mark.parametrize("most", [0.001, 0.5])
def test_the_gradient_of_the_scale_is_cut_to_the_largest_allowed(most):
    raw = images(1, side=(6, 6)).images_NHWC
    for sign in (1, -1):
        free, cut = (ScaledFrame(Canvas((12, 9)), 6, 1.3, "black", m) for m in (None, most))
        for fit in (free, cut):
            (sign * fit(raw)).sum().backward()
        assert abs(float(free.scale.grad)) > 0.5
        assert float(cut.scale.grad) == pytest.approx(math.copysign(most, free.scale.grad))


@torch.no_grad()
@pytest.mark.parametrize(("reached", "kept"), [(7.0, 5.0), (0.01, 0.1), (-3.0, 0.1), (2.5, 2.5)])
def test_the_scale_is_kept_between_a_tenth_and_five(reached, kept):
    raw = images(1, side=(4, 4)).images_NHWC
    fit = ScaledFrame(Canvas((12, 9)), 4, 1.0)
    fit.scale.fill_(reached)
    got = fit(raw)[0]
    assert float(fit.scale) == kept
    expected = scaled(on_canvas(levels(raw)[0], (12, 9), BLACK), kept)
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-12)


@torch.no_grad()
@pytest.mark.parametrize("scale", [0.1, 0.5, 0.99, 1.0, 1.5, 1.74, 2.2, 3.0])
def test_the_image_of_a_scaled_frame_is_the_whole_pixels_of_base_times_scale(scale):
    size, side = (12, 9), int(5 * scale)
    fit = ScaledFrame(Canvas(size), 5, scale)
    for y in range(size[0]):
        for x in range(size[1]):
            # An image that outgrows the canvas covers it from its first row and column on.
            top, left = (max(0, first(extent, side)) for extent in size)
            inside = top <= y < top + side and left <= x < left + side
            assert bool(fit.image_HW()[y, x]) == inside
    assert fit.ever_free_HW().all()


@pytest.mark.parametrize("scale", [0.09, 5.1])
def test_a_scale_that_training_could_not_keep_is_refused(scale):
    with pytest.raises(ValidationError, match="scale"):
        ScaledFrameConfig(scale=scale)


def test_a_base_that_leaves_no_frame_is_refused():
    with pytest.raises(InputError, match=r"image_size 9 .* 12x9 .* at most 8"):
        ScaledFrame(Canvas((12, 9)), 9, 0.5)


def test_the_scale_is_saved_and_trained():
    fit = ScaledFrame(Canvas((12, 9)), 6, 1.3)
    assert list(fit.state_dict()) == ["scale"]
    assert [name for name, _ in fit.named_parameters()] == ["scale"]
