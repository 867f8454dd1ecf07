"""AutoVP's trainable resize, against loops over pixels."""

import math

import pytest
import torch
from pydantic import ValidationError

from lorvp.errors import InputError
from lorvp.networks.interface import Canvas
from lorvp.prompts.fits.frame import Frame
from lorvp.prompts.fits.scaled_frame import ScaledFrame, ScaledFrameConfig
from tests.support.canvases import BLACK, first, levels, on_canvas, scaled
from tests.support.tiny import images

pytestmark = pytest.mark.usefixtures("float64")
MEAN = (0.4, 0.5, 0.6)
# Canvas, side of the image: even and odd rests on either axis.
LAID = [((8, 8), 4), ((9, 12), 4), ((12, 9), 5), ((7, 8), 6), ((15, 10), 1)]
laid = pytest.mark.parametrize(("size", "side"), LAID, ids=str)


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
