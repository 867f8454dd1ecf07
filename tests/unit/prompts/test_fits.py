"""Images over the whole canvas: values in [0, 1], and the same as Pillow where resized."""

from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lorvp.augmentation.settings import Augmentation
from lorvp.networks.interface import Canvas, Tokens
from lorvp.prompts.fits.cover import CoverConfig
from lorvp.prompts.fits.frame import FrameConfig
from lorvp.prompts.fits.resize import Resize, ResizeConfig
from lorvp.prompts.fits.scaled_frame import ScaledFrameConfig
from lorvp.prompts.fits.shrunken_patches import ShrunkenPatchesConfig
from lorvp.prompts.methods import MethodConfig


def noise(seed: int, height: int, width: int, batch: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (batch, height, width, 3), dtype=np.uint8)


def test_an_image_of_the_canvas_size_is_only_divided_by_255():
    given_NHWC = noise(0, 6, 9, batch=2)
    got = Resize((6, 9))(torch.from_numpy(given_NHWC))
    assert got.dtype == torch.float32
    for n in range(2):
        for c in range(3):
            expected = given_NHWC[n, :, :, c].astype(np.float32) / np.float32(255)
            np.testing.assert_array_equal(got[n, c].numpy(), expected)


def test_height_and_width_are_not_mixed_up():
    """(6, 9) on a (9, 6) canvas is resized, not turned."""
    given_NHWC = np.zeros((1, 6, 9, 3), np.uint8)
    given_NHWC[:, :3] = 255  # the upper half
    got = Resize((9, 6))(torch.from_numpy(given_NHWC))
    assert got.shape == (1, 3, 9, 6)
    assert torch.all(got[0, :, :4] > 0.9)
    assert torch.all(got[0, :, 5:] < 0.1)


sides = st.integers(3, 40)


@settings(max_examples=40)
@given(st.integers(0, 99), sides, sides, sides, sides)
def test_resizing_is_pillows_bilinear_within_two_grey_levels(seed, h, w, height, width):
    given_HWC = noise(seed, h, w)[0]
    got = Resize((height, width))(torch.from_numpy(given_HWC)[None])[0]
    pillow = Image.fromarray(given_HWC).resize((width, height), Image.Resampling.BILINEAR)
    difference = got.permute(1, 2, 0).numpy() * 255 - np.asarray(pillow, np.float64)
    assert np.abs(difference).max() <= 2


@pytest.mark.parametrize("size", [(8, 8), (31, 5), (64, 64)], ids=str)
def test_one_colour_stays_that_colour(size):
    given_NHWC = np.full((1, 17, 23, 3), (10, 130, 250), np.uint8)
    got = Resize(size)(torch.from_numpy(given_NHWC))
    for c, level in enumerate((10, 130, 250)):
        assert torch.allclose(got[0, c], torch.tensor(level / 255), atol=1e-6)


def test_no_pixel_of_the_canvas_is_left_free():
    fit = Resize((6, 9))
    assert torch.equal(fit.image_HW(), torch.ones(6, 9, dtype=torch.bool))
    assert not fit.ever_free_HW().any()


def test_training_without_augmentation_lays_images_as_evaluation_does():
    given = torch.from_numpy(noise(0, 11, 7, batch=3))
    fit = Resize((6, 9))
    assert torch.equal(fit.train()(given), fit.eval()(given))


def smooth_or_sharp(fit) -> str:
    """How a fit resizes: between two halves, bicubic values overshoot and are cut off there."""
    given_NHWC = torch.zeros(1, 8, 8, 3, dtype=torch.uint8)
    given_NHWC[:, :, :4], given_NHWC[:, :, 4:] = 60, 200
    got = fit(given_NHWC)
    inside = got[0, 0][fit.image_HW()] * 255
    overshoots = bool((inside > 201).any() and (inside < 59).any())
    return "bicubic" if overshoots else "bilinear"


CANVASES = {way: Canvas((48, 48), patch=8, interpolation=way) for way in ("bilinear", "bicubic")}
FOLLOWING = [ResizeConfig(), FrameConfig(image_size=30), ScaledFrameConfig(base=32, scale=1.0)]


@pytest.mark.parametrize("way", CANVASES)
@pytest.mark.parametrize("config", FOLLOWING, ids=lambda config: config.kind)
def test_images_are_resized_as_the_networks_own_were(config, way):
    assert smooth_or_sharp(config.build(CANVASES[way]).eval()) == way


def test_shrunken_patches_lay_the_image_as_the_network_wants_it_before_they_shrink_it():
    given = torch.from_numpy(noise(0, 13, 13))
    one, other = (
        ShrunkenPatchesConfig().build(canvas).eval()(given) for canvas in CANVASES.values()
    )
    assert not torch.equal(one, other)


@pytest.mark.parametrize("way", CANVASES)
@pytest.mark.parametrize("config", [ResizeConfig, FrameConfig], ids=lambda c: c.__name__)
def test_what_is_said_counts_more_than_the_network(config, way):
    sizes = {"image_size": 30} if config is FrameConfig else {}
    other = next(other for other in CANVASES if other != way)
    fit = config(interpolation=way, **sizes).build(CANVASES[other])
    assert smooth_or_sharp(fit.eval()) == way


@pytest.mark.parametrize("way", CANVASES)
def test_evps_fit_is_bicubic_whatever_the_network(way):
    assert smooth_or_sharp(CoverConfig(image_size=30).build(CANVASES[way]).eval()) == "bicubic"


@pytest.mark.parametrize("way", CANVASES)
def test_training_images_are_resized_the_same_way(way):
    fit = ResizeConfig().build(CANVASES[way]).train()
    fit.augmentation = Augmentation(enlarge=1.01)
    assert smooth_or_sharp(fit) == way


def test_every_method_but_evp_takes_the_networks_way():
    """EVP's paper has its own."""
    classes = get_args(get_args(MethodConfig)[0])
    plain = [
        cls() for cls in classes if not any(f.is_required() for f in cls.model_fields.values())
    ]
    fixed = set()
    for method in plain:
        sizes = (Canvas((224, 224), (0.0,) * 3, 16, Tokens(64, 2), way) for way in CANVASES)
        if [method.build(canvas).fit.interpolation for canvas in sizes] != list(CANVASES):
            fixed.add(method.kind)
    assert len(plain) > 10
    assert fixed == {"evp"}
