"""Fits that leave a frame free around the image, against loops over pixels."""

import pytest
import torch
from PIL import Image

from lorvp.errors import InputError
from lorvp.networks.interface import Canvas
from lorvp.prompts.fits.cover import CoverConfig
from lorvp.prompts.fits.frame import Frame, FrameConfig
from tests.support.canvases import BLACK, levels, on_canvas
from tests.support.tiny import images

pytestmark = pytest.mark.usefixtures("float64")
MEAN = (0.4, 0.5, 0.6)
# Canvas, side of the image: even and odd rests on either axis.
LAID = [((8, 8), 4), ((9, 12), 4), ((12, 9), 5), ((7, 8), 6), ((15, 10), 1)]
laid = pytest.mark.parametrize(("size", "side"), LAID, ids=str)


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
