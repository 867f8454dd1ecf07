"""ACAVP's affine fit, against its matrices as the paper's library multiplies them."""

from math import cos, exp, floor, sin, tan, tanh

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lorvp.networks.interface import Canvas
from lorvp.prompts.fits.affine import AffineConfig
from tests.support.canvases import levels, pixel
from tests.support.tiny import images

pytestmark = pytest.mark.usefixtures("float64")
SIZE = (9, 12)
MEAN = (0.4, 0.5, 0.6)
# rotation, scale of x and y, shear of x and y, shift of x and y, before tanh and sigmoid
MOVES = {
    "start": (0, 0.9946, 0.9946, 0, 0, 0, 0),
    "turned": (-1.3, 0.9946, 0.9946, 0, 0, 0, 0),
    "flat": (0, 2.0, -0.7, 0, 0, 0, 0),
    "sheared": (0, 1.0, 1.0, 2.0, -0.4, 0, 0),
    "shifted": (0, 3.0, 3.0, 0, 0, 1.0, -2.0),
    "all": (1.1, 0.4, 1.3, -0.5, 0.9, -1.4, 0.3),
}
moves = pytest.mark.parametrize("move", MOVES.values(), ids=list(MOVES))


def fit_of(move, **settings):
    fit = AffineConfig.model_validate(settings).build(Canvas(SIZE, MEAN))
    with torch.no_grad():
        new = move[0], move[1:3], move[3:5], move[5:]
        for values, values_new in zip(fit.parameters(), new, strict=True):
            values.copy_(torch.tensor(values_new))
    return fit


def matrix(move, about: str) -> np.ndarray:
    """Where a point (x, y, 1) of the image lies on the canvas; the upper left corner is (0, 0)."""
    angle = 0.1 * tanh(move[0])
    sx, sy = (1 / (1 + exp(-s)) for s in move[1:3])
    kx, ky = (tan(0.1 * tanh(k)) for k in move[3:5])
    tx, ty = 0.05 * SIZE[1] * tanh(move[5]), 0.05 * SIZE[0] * tanh(move[6])
    turn = np.array([[cos(angle), sin(angle), 0], [-sin(angle), cos(angle), 0], [0, 0, 1]])
    scale = np.diag([sx, sy, 1])
    shear = np.array([[1, -kx, 0], [-ky, 1 + kx * ky, 0], [0, 0, 1]])
    shift = np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1]])
    x, y = (SIZE[1] / 2, SIZE[0] / 2) if about == "middle" else (0, 0)
    there, back = np.eye(3), np.eye(3)
    there[:2, 2], back[:2, 2] = (x, y), (-x, -y)
    return shift @ there @ turn @ scale @ shear @ back


def seen(move, about: str) -> dict[tuple[int, int], tuple[float, float]]:
    """The row and column of the image at which each pixel of the canvas looks."""
    inverse = np.linalg.inv(matrix(move, about))
    found = {}
    for y in range(SIZE[0]):
        for x in range(SIZE[1]):
            u, v, _ = inverse @ (x + 0.5, y + 0.5, 1)
            found[y, x] = v - 0.5, u - 0.5
    return found


def mixed(image_CHW, v: float, u: float, colour) -> torch.Tensor:
    """Bilinear, from the four pixels around."""
    return sum(
        (1 - abs(v - row)) * (1 - abs(u - column)) * pixel(image_CHW, row, column, colour)
        for row in (floor(v), floor(v) + 1)
        for column in (floor(u), floor(u) + 1)
    )


@torch.no_grad()
@moves
@pytest.mark.parametrize("about", ["corner", "middle"])
@pytest.mark.parametrize("colour", ["black", "mean"])
def test_each_pixel_shows_what_the_inverse_matrix_leads_to(move, about, colour):
    raw = images(2, side=SIZE).images_NHWC
    outside = torch.tensor(MEAN if colour == "mean" else (0.0, 0.0, 0.0))
    got = fit_of(move, about=about, colour=colour)(raw)
    for n, image_CHW in enumerate(levels(raw)):
        for (y, x), (v, u) in seen(move, about).items():
            expected = mixed(image_CHW, v, u, outside)
            torch.testing.assert_close(got[n, :, y, x], expected, rtol=0, atol=1e-12)


@moves
@pytest.mark.parametrize("about", ["corner", "middle"])
def test_the_image_is_where_it_has_any_weight(move, about):
    inside = fit_of(move, about=about).image_HW()
    white = fit_of(move, about=about)(torch.full((1, *SIZE, 3), 255, dtype=torch.uint8))
    assert torch.equal(inside, (white > 0).all(1)[0])


def test_it_starts_as_the_image_shrunk_into_the_corner():
    start = AffineConfig().build(Canvas((224, 224)))
    inside_HW = start.image_HW()
    shrunk = 0.73 * 224  # the edge is half a pixel of the image, 0.365 of the canvas, further
    side = int((torch.arange(224) + 0.5 < shrunk + 0.365).sum())
    expected = torch.zeros(224, 224, dtype=torch.bool)
    expected[:side, :side] = True
    assert torch.equal(inside_HW, expected)


def test_gradients_are_the_slopes():
    raw = images(2, side=SIZE).images_NHWC
    weights = torch.rand(2, 3, *SIZE, generator=torch.Generator().manual_seed(0))
    fit = fit_of(MOVES["all"])
    loss = (fit(raw) * weights).sum()
    loss.backward()
    for values in fit.parameters():
        for index in range(values.numel()):
            at = values.detach().view(-1)
            was = float(at[index])
            found = []
            for moved in (was + 1e-6, was - 1e-6):
                at[index] = moved
                found.append(float((fit(raw).detach() * weights).sum()))
            at[index] = was
            slope = (found[0] - found[1]) / 2e-6
            assert float(values.grad.view(-1)[index]) == pytest.approx(slope, rel=1e-5)


def test_gradients_are_cut_to_the_largest_allowed():
    raw = images(1, side=SIZE).images_NHWC
    free, cut = fit_of(MOVES["all"]), fit_of(MOVES["all"], largest_gradient=0.5)
    for fit in (free, cut):
        fit(raw).sum().backward()
    for one, other in zip(free.parameters(), cut.parameters(), strict=True):
        assert torch.equal(other.grad, one.grad.clamp(-0.5, 0.5))
    assert any((one.grad.abs() > 0.5).any() for one in free.parameters())


@given(st.tuples(*[st.floats(-20, 20)] * 7))
def test_whatever_the_values_the_canvas_stays_within_the_images_range(move):
    move = (move[0], max(-3.0, move[1]), max(-3.0, move[2]), *move[3:])
    raw = images(1, side=SIZE).images_NHWC
    got = fit_of(move)(raw).detach()
    assert got.isfinite().all()
    assert -1e-12 <= got.min() <= got.max() <= 1 + 1e-12


@pytest.mark.parametrize("wrong", [{"scale": 1.0}, {"rotation": 1.6}, {"shift": 0.0}])
def test_what_has_no_start_or_no_angle_is_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        AffineConfig.model_validate(wrong)
