"""ACAVP's fit: the image turned, scaled, sheared and shifted by seven trained numbers.

ACAVP (NeurIPS 2025, arXiv 2510.07823). From its code (s-enmt/ACAVP, models/prompters.py), a point
q of the image, x before y, lies on the canvas at

    q' = R(r) diag(s) K(k) q + t          R = [[cos r, sin r], [-sin r, cos r]]
                                          K = [[1, -tan k_x], [-tan k_y, 1 + tan k_x tan k_y]]

    r = 0.1 tanh(.)   s = sigmoid(.), 0.73 at the start   k = 0.1 tanh(.)   t = 0.05 L tanh(.)

with r and k in radians and t in pixels. Its points are counted from the canvas's upper left corner,
which therefore stays where it is when the image shrinks; `about: middle` counts from the middle.
(Its library's t is L / (L - 1) times as far.)
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from lorvp.networks.interface import Interpolation
from lorvp.prompts.base import Canvas, Fit
from lorvp.prompts.fits.frame import Colour
from lorvp.prompts.fits.warp import Warp
from lorvp.recipe import cut_gradient
from lorvp.settings import Positive, Settings, Symbol

About = Literal["corner", "middle"]
Angle = Annotated[float, Field(gt=0, lt=1.5)]
"""In radians."""


class AffineConfig(Settings):
    """Lay the image on the canvas by an affine map that is trained."""

    kind: Literal["affine"] = "affine"
    scale: Annotated[float, Symbol("scale"), Field(gt=0, lt=1)] = 0.73
    """Width and height of the image at the start, as a share of the canvas."""
    rotation: Angle = 0.1
    """Largest angle of the rotation, in radians."""
    shear: Angle = 0.1
    """Largest angles of the shear, in radians."""
    shift: Annotated[float, Field(gt=0, le=1)] = 0.05
    """Largest shift, as a share of the canvas."""
    about: About = "corner"
    """The point that rotation, scale and shear leave in its place: the upper left corner, as in the
    published code, or the middle."""
    colour: Colour = "black"
    """Colour of the pixels that the image leaves free."""
    interpolation: Interpolation | None = None
    """How images are brought to the canvas's size before; the network's own unless given."""
    largest_gradient: Positive | None = None
    """Gradients of the seven numbers are cut to it; the published code has 0.001 for CLIP."""

    def build(self, canvas: Canvas) -> Affine:
        most = self.rotation, self.shear, self.shift
        way = self.interpolation or canvas.interpolation
        return Affine(canvas, self.scale, most, self.about, self.colour, way, self.largest_gradient)


class Affine(Fit):
    """The image, as large as the canvas, is seen through the inverse map."""

    colour_C11: Tensor

    def __init__(
        self,
        canvas: Canvas,
        scale: float = 0.73,
        most: tuple[float, float, float] = (0.1, 0.1, 0.05),
        about: About = "corner",
        colour: Colour = "black",
        interpolation: Interpolation = "bilinear",
        largest_gradient: float | None = None,
    ) -> None:
        """``most``: of the rotation, the shear and the shift."""
        super().__init__(canvas.size, interpolation)
        self.most, self.about = most, about
        self.warp = Warp(canvas.size)
        mean = canvas.mean if colour == "mean" else (0.0, 0.0, 0.0)
        self.register_buffer("colour_C11", torch.tensor(mean)[:, None, None], persistent=False)
        self.rotation = nn.Parameter(torch.zeros(()))
        self.scale_2 = nn.Parameter(torch.full((2,), scale).logit())
        self.shear_2 = nn.Parameter(torch.zeros(2))
        self.shift_2 = nn.Parameter(torch.zeros(2))
        for values in self.parameters():
            cut_gradient(values, largest_gradient)

    def inverse(self) -> tuple[Tensor, Tensor]:
        """matrix_22 and shift_2, x before y: canvas point q' shows image point M (q' - t)."""
        rotation, shear, shift = self.most
        angle = rotation * self.rotation.tanh()
        k_x, k_y = (shear * self.shear_2.tanh()).tan()
        turned_back_22 = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()])
        scaled_back_2 = 1 / self.scale_2.sigmoid()
        sheared_back_22 = torch.stack([1 + k_x * k_y, k_x, k_y, torch.ones_like(k_x)]).view(2, 2)
        matrix_22 = sheared_back_22 @ (scaled_back_2[:, None] * turned_back_22.view(2, 2))
        height, width = self.size
        shift_x, shift_y = shift * self.shift_2.tanh()
        return matrix_22, torch.stack([width * shift_x, height * shift_y])

    def positions(self) -> tuple[Tensor, Tensor]:
        """rows_HW and columns_HW: where each pixel of the canvas looks, as image coordinates in
        which a pixel's middle is a whole number."""
        matrix_22, (shift_x, shift_y) = self.inverse()
        # In coordinates that begin at the canvas's corner a pixel's middle is at half numbers.
        start_y, start_x = ((e / 2 if self.about == "middle" else 0.0) - 0.5 for e in self.size)
        y_H1, x_1W = (torch.arange(e, device=shift_x.device) for e in self.size)
        y_H1, x_1W = (y_H1 - start_y - shift_y)[:, None], (x_1W - start_x - shift_x)[None]
        columns_HW = matrix_22[0, 0] * x_1W + matrix_22[0, 1] * y_H1 + start_x
        rows_HW = matrix_22[1, 0] * x_1W + matrix_22[1, 1] * y_H1 + start_y
        return rows_HW, columns_HW

    @torch.no_grad()
    def image_HW(self) -> Tensor:
        return self.warp.inside_HW(*self.positions())

    def ever_free_HW(self) -> Tensor:
        return torch.ones(self.size, dtype=torch.bool)

    def forward(self, images_BHWC: Tensor) -> Tensor:
        # The difference to the colour is moved, so that what comes in from outside has the colour.
        moved_BCHW = self.lay(images_BHWC, self.size) - self.colour_C11
        return self.colour_C11 + self.warp(moved_BCHW, *self.positions())
