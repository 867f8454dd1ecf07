"""What the network sees of every published method, pixel by pixel, in float64.

The canvas is not square and, where nothing has to tile it, odd; images come at the size at which
they are laid, since resizing is compared with Pillow's elsewhere.
"""

import math

import pytest
import torch

from lorvp.networks.interface import Canvas
from lorvp.prompts.methods.acavp import AcavpConfig
from lorvp.prompts.methods.adavipro import AdaViProConfig
from lorvp.prompts.methods.autovp import AutoVpConfig
from lorvp.prompts.methods.evp import EvpConfig
from lorvp.prompts.methods.fixed_patch import FixedPatchConfig
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.methods.ilm_vp import IlmVpConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.prompts.methods.pad import PadConfig
from lorvp.prompts.methods.patch_free import PatchFreeConfig
from lorvp.prompts.methods.patch_pad import PatchPadConfig
from lorvp.prompts.methods.patch_same import PatchSameConfig
from lorvp.prompts.methods.random_patch import RandomPatchConfig
from lorvp.prompts.methods.smm import SmmConfig
from tests.support.canvases import BLACK, levels, on_canvas, scaled
from tests.support.formulas import (
    ODD,
    framed,
    in_border,
    moved,
    norm,
    outside,
    raw,
    row_by_row,
    sees,
)
from tests.support.sample_masks import mask_by_hand, unlike_its_start
from tests.support.tiny import MEAN, STD

pytestmark = pytest.mark.usefixtures("float64")
TILED = (16, 24)


def sigmoid(value: float) -> float:
    return float(torch.sigmoid(torch.tensor(value)))


def test_none():
    sees(moved(NoneConfig()), raw(), levels(raw()), lambda v, n, c, y, x: norm(v, c))


@pytest.mark.parametrize(
    ("method", "where"),
    [
        (PadConfig(width=3), in_border(3)),
        (PadConfig(width=7), in_border(7)),
        (IlmVpConfig(form="additive", width=4), in_border(4)),
        (FixedPatchConfig(width=5), lambda y, x: y < 5 and x < 5),
        (FullConfig(), lambda y, x: True),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_raw_values_on_a_region_after_normalisation(method, where):
    model = moved(method)
    delta = row_by_row(model.prompt.content.values, where)
    sees(model, raw(), levels(raw()), lambda v, n, c, y, x: norm(v, c) + float(delta[c, y, x]))


def test_random_patch_lies_whole_at_its_kept_place():
    model = moved(RandomPatchConfig(width=5))
    values = model.prompt.content.values.detach().reshape(3, 5, 5)
    top, left = model.prompt.placement.kept_offset.tolist()

    def formula(v, n, c, y, x):
        inside = top <= y < top + 5 and left <= x < left + 5
        return norm(v, c) + (float(values[c, y - top, x - left]) if inside else 0.0)

    sees(model, raw(), levels(raw()), formula)


def test_patch_free_is_added_before_normalisation():
    model = moved(PatchFreeConfig())
    delta = row_by_row(model.prompt.content.values, lambda y, x: True)
    sees(model, raw(), levels(raw()), lambda v, n, c, y, x: norm(v + float(delta[c, y, x]), c))


@pytest.mark.parametrize("side", [None, 4])
def test_patch_same_is_the_same_in_every_patch(side):
    model = moved(PatchSameConfig(side=side), TILED)
    p, values = side or 8, model.prompt.content.values.detach()

    def formula(v, n, c, y, x):
        return norm(v + float(values[c, y % p, x % p]), c)

    sees(model, raw(TILED), levels(raw(TILED)), formula)


@pytest.mark.parametrize("width", [1, 3])
def test_patch_pad_frames_every_shrunken_patch(width):
    """Patches of one colour each, which shrinking keeps."""
    model = moved(PatchPadConfig(width=width), TILED)
    given = raw((2, 3)).repeat_interleave(8, 1).repeat_interleave(8, 2)

    def framing(y: int, x: int) -> bool:
        return min(y % 8, x % 8, 7 - y % 8, 7 - x % 8) < width

    delta = row_by_row(model.prompt.content.values, framing, TILED)

    def formula(v, n, c, y, x):
        return norm(float(delta[c, y, x]) if framing(y, x) else v, c)

    sees(model, given, levels(given), formula)


@pytest.mark.parametrize("rank", [1, 4])
def test_lor_vp_is_a_sum_of_products_before_normalisation(rank):
    model = moved(LorVpConfig(rank=rank))
    left, right = (p.detach() for p in (model.prompt.content.left, model.prompt.content.right))

    def formula(v, n, c, y, x):
        delta = sum(float(left[c, y, k]) * float(right[c, k, x]) for k in range(rank))
        return norm(v + delta, c)

    sees(model, raw(), levels(raw()), formula)


@pytest.mark.parametrize(
    "method",
    [
        AutoVpConfig(base=6, scale=1.5),
        IlmVpConfig(image_size=9),
        IlmVpConfig(form="expansive", image_size=8),
    ],
    ids=["autovp", "ilm_vp odd", "ilm_vp even"],
)
def test_colours_under_a_sigmoid_around_a_smaller_image(method):
    side = getattr(method, "image_size", 9)
    model, free = moved(method), outside(side)
    delta = row_by_row(model.prompt.content.values, free)

    def formula(v, n, c, y, x):
        return norm(v + (sigmoid(float(delta[c, y, x])) if free(y, x) else 0.0), c)

    sees(model, raw((side, side)), framed(raw((side, side))), formula)


def test_autovp_for_clip_adds_raw_values_to_zeros_after_normalisation():
    model, free = moved(AutoVpConfig(base=8, scale=1.0, convention="clip")), outside(8)
    delta = row_by_row(model.prompt.content.values, free)

    def formula(v, n, c, y, x):
        return float(delta[c, y, x]) if free(y, x) else norm(v, c)

    sees(model, raw((8, 8)), framed(raw((8, 8))), formula)


@pytest.mark.parametrize("convention", ["pixel", "clip"])
@pytest.mark.parametrize("scale", [0.5, 1.0, 1.37])
def test_autovp_with_a_trained_scale(convention, scale):
    """The image is scaled smoothly, and the prompt begins at whole pixels."""
    method = AutoVpConfig(base=8, scale=1.2, train_scale=True, convention=convention)
    model = moved(method)
    with torch.no_grad():
        model.prompt.fit.scale.fill_(scale)
    delta = row_by_row(model.prompt.content.values, lambda y, x: True)
    free, clip = outside(int(8 * scale)), convention == "clip"
    plain = tuple(MEAN) if clip else BLACK
    laid = [on_canvas(image, ODD, plain) for image in levels(raw((8, 8)))]
    canvas = torch.stack([scaled(image, scale, plain) for image in laid])

    def formula(v, n, c, y, x):
        value = float(delta[c, y, x]) * free(y, x)
        return norm(v, c) + value if clip else norm(v + sigmoid(value) * free(y, x), c)

    sees(model, raw((8, 8)), canvas, formula)


def test_evp_has_raw_values_around_a_smaller_image():
    model, free = moved(EvpConfig(image_size=10)), outside(10)
    delta = row_by_row(model.prompt.content.values, free)
    given = raw((10, 10))
    sees(model, given, framed(given), lambda v, n, c, y, x: norm(v + float(delta[c, y, x]), c))


@torch.no_grad()
@pytest.mark.parametrize("colours", ["each", "shared"])
@pytest.mark.parametrize(("layers", "patch"), [(5, 8), (6, 2)])
def test_smm_weighs_its_values_for_every_image(layers, patch, colours):
    model = moved(SmmConfig(layers=layers, patch=patch, colours=colours), TILED)
    unlike_its_start(model.prompt.placement)
    delta = row_by_row(model.prompt.content.values, lambda y, x: True, TILED)
    canvas = levels(raw(TILED))
    mean, std = (torch.tensor(v)[:, None, None] for v in (MEAN, STD))
    state, shared = model.prompt.placement.state_dict(), colours == "shared"
    mask = mask_by_hand(state, (canvas - mean) / std, layers, patch, shared)
    mask = mask.expand(-1, 3, -1, -1)

    def formula(v, n, c, y, x):
        return norm(v, c) + float(delta[c, y, x]) * float(mask[n, c, y, x])

    sees(model, raw(TILED), canvas, formula)


@torch.no_grad()
@pytest.mark.parametrize("edges", ["colour", "grey"])
def test_adavipro_shows_its_border_in_the_regions_that_an_image_chooses(edges):
    model = moved(AdaViProConfig(width=5, side=8, hidden=4, edges=edges), TILED)
    canvas = levels(raw(TILED, 4))
    delta = row_by_row(model.prompt.content.values, in_border(5, TILED), TILED)
    # The choice itself is compared with its formula in test_regions.py.
    mean, std = (torch.tensor(v)[:, None, None] for v in (MEAN, STD))
    chosen = model.prompt.placement.second.decisions((canvas - mean) / std)
    assert len(chosen.unique()) == 2

    def formula(v, n, c, y, x):
        return norm(v, c) + float(delta[c, y, x]) * float(chosen[n, 0, y // 8, x // 8])

    sees(model, raw(TILED, 4), canvas, formula)


@torch.no_grad()
@pytest.mark.parametrize("most", [6.0, 2.0])
def test_acavp(most):
    """A pixel that has image is multiplied, the others get a value of their own."""
    model = moved(AcavpConfig(most=most))
    fit, content = model.prompt.fit, model.prompt.content
    canvas_NCHW, inside_HW = fit(raw()), fit.image_HW()
    assert 0 < inside_HW.sum() < inside_HW.numel()
    offset = math.log(most - 1)

    def formula(v, n, c, y, x):
        if not inside_HW[y, x]:
            return norm(float(content.added_CHW[c, y, x]), c)
        value = float(content.values.view(3, *ODD)[c, y, x])
        return norm(v * most / (1 + math.exp(offset - value)), c)

    sees(model, raw(), canvas_NCHW, formula)


def test_acavp_starts_from_the_image_as_it_is():
    prompt = AcavpConfig().build(Canvas(ODD))
    assert prompt.content().abs().max() < 1e-15
