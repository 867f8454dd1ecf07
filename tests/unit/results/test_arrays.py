"""Pictures of a trained prompt as arrays, against the model itself."""

import numpy as np
import pytest
import torch

from lorvp.networks.manifest import CheckpointManifest
from lorvp.prompts.methods.adavipro import AdaViProConfig
from lorvp.prompts.methods.autovp import AutoVpConfig
from lorvp.prompts.methods.evp import EvpConfig
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.prompts.methods.pad import PadConfig
from lorvp.prompts.methods.patch_free import PatchFreeConfig
from lorvp.prompts.methods.patch_pad import PatchPadConfig
from lorvp.prompts.methods.patch_same import PatchSameConfig
from lorvp.prompts.methods.random_patch import RandomPatchConfig
from lorvp.prompts.methods.smm import SmmConfig
from lorvp.prompts.methods.vpt import VptConfig
from lorvp.results.pictures.arrays import prompt_view, region_view
from lorvp.trials.run import build
from tests.support.prompted import seen_by_network
from tests.support.tiny import FEATURES, MEAN, STD, TARGET_NAMES, images, tiny_network, trial

MANIFEST = CheckpointManifest(
    library="timm", architecture="tiny", input_size=(16, 16), mean=MEAN, std=STD,
    interpolation="bilinear", features=FEATURES, patch=8, tokens=(FEATURES, 2),
    class_names=list("ABCDEFG"), source="noise", made_from="", weights_sha256="0" * 64,
)  # fmt: skip
IMAGE = images(1).images_NHWC[0]


def view_of(method):
    """The view of a model whose content is not zero, and the model."""
    torch.manual_seed(0)
    wanted = trial(method)
    model = build(wanted, tiny_network(), TARGET_NAMES).eval()
    for parameter in model.prompt.content.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return prompt_view("label", wanted, model.trained_state(), MANIFEST, IMAGE), model


METHODS = [
    NoneConfig(),
    FullConfig(),
    PatchFreeConfig(),
    PadConfig(width=3),
    RandomPatchConfig(width=3),
    PatchSameConfig(),
    PatchPadConfig(),
    AutoVpConfig(base=8, scale=1.2, train_scale=True),
    AutoVpConfig(base=8, scale=1.2, convention="clip"),
    EvpConfig(image_size=10),
    SmmConfig(),
    AdaViProConfig(width=3, side=8),
    VptConfig(),
]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.kind)
@torch.no_grad()
def test_the_prompted_image_is_what_the_network_sees_in_pixel_units(method):
    view, model = view_of(method)
    seen_CHW = seen_by_network(model, IMAGE[None])[0]
    mean, std = (np.array(v)[:, None, None] for v in (MEAN, STD))
    expected = (seen_CHW.numpy() * std + mean).transpose(1, 2, 0)
    np.testing.assert_allclose(view.prompted_HWC, expected, atol=1e-5)
    laid = model.prompt.fit(IMAGE[None])[0].numpy().transpose(1, 2, 0)
    np.testing.assert_allclose(view.image_HWC, laid, atol=1e-6)


@torch.no_grad()
def test_a_prompt_of_normalised_space_is_scaled_to_pixels_and_cut_to_its_support():
    view, model = view_of(PadConfig(width=3))
    content = model.prompt.content().numpy()
    for y, x in ((0, 0), (2, 7), (8, 8), (15, 3)):
        inside = min(y, x, 15 - y, 15 - x) < 3
        expected = content[:, y, x] * np.array(STD) * inside
        np.testing.assert_allclose(view.prompt_HWC[y, x], expected, atol=1e-6)


@torch.no_grad()
def test_only_a_placement_that_images_choose_is_shown():
    for method in (PadConfig(width=3), RandomPatchConfig(width=3), PatchPadConfig()):
        assert view_of(method)[0].placement_HW is None
    view, model = view_of(AdaViProConfig(width=3, side=8))
    normalised = model.network.normalise(IMAGE[None].permute(0, 3, 1, 2) / 255)
    mask_HW = model.prompt.placement(normalised)[0, 0]
    np.testing.assert_array_equal(view.placement_HW, mask_HW.numpy())


@torch.no_grad()
def test_a_placement_that_weighs_colours_is_shown_as_their_mean():
    view, model = view_of(SmmConfig())
    normalised = model.network.normalise(IMAGE[None].permute(0, 3, 1, 2) / 255)
    red, green, blue = model.prompt.placement(normalised)[0].numpy()
    np.testing.assert_allclose(view.placement_HW, (red + green + blue) / 3, atol=1e-6)


@torch.no_grad()
def test_regions_are_counted_over_images_where_the_prompt_reaches():
    """A border of 3 of 16 pixels reaches every region of 8, and none of 4 in the middle."""
    method = AdaViProConfig(width=3, side=4)
    _, model = view_of(method)
    many = images(50).images_NHWC
    view = region_view("label", trial(method), model.trained_state(), MANIFEST, many, shown=2)
    assert view is not None
    mask_NHW = model.prompt.placement(model.network.normalise(many.permute(0, 3, 1, 2) / 255))[:, 0]
    for row, column in ((0, 0), (0, 2), (3, 1)):
        own_N = mask_NHW[:, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4].amax((1, 2))
        assert view.share_RR[row, column] == pytest.approx(float(own_N.mean()))
        assert view.chosen_RR[1][row, column] == own_N[1]
    assert np.isnan(view.share_RR[1:3, 1:3]).all()
    assert np.isnan(view.share_RR).sum() == 4
    assert (len(view.images_HWC), view.images) == (2, 50)


def test_a_prompt_that_chooses_no_regions_has_no_such_view():
    for method in (PadConfig(width=3), SmmConfig()):
        _, model = view_of(method)
        found = region_view("", trial(method), model.trained_state(), MANIFEST, IMAGE[None], 1)
        assert found is None
