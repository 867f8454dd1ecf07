"""AutoVP's trainable resize: training finds how large the image should be.

Tsao et al., "AutoVP: An Automated Visual Prompting Framework and Benchmark" (ICLR 2024,
arXiv 2310.08381): the image is laid at a base size in the middle of the canvas and then scaled
about its centre by one trained number, which is kept in [0.1, 5]. The gradient reaches that
number through the image alone, since the frame is found from its rounded value.
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from lorvp.prompts.base import Canvas, Fit
from lorvp.prompts.fits.frame import Colour, Frame
from lorvp.recipe import cut_gradient
from lorvp.settings import Count, Positive, Settings, Symbol

SMALLEST, LARGEST = 0.1, 5.0


class ScaledFrameConfig(Settings):
    """Lay the image in the middle of the canvas at a size that is trained."""

    kind: Literal["scaled_frame"] = "scaled_frame"
    base: Count = 128
    """Side of the image at scale 1, in pixels; the paper's 128 of 224."""
    scale: Annotated[float, Symbol("scale"), Field(ge=SMALLEST, le=LARGEST)] = 1.5
    """The scale at the start."""
    colour: Colour = "black"
    """Colour of the frame."""
    largest_gradient: Positive | None = None
    """The scale's gradient is cut to it; the published code has 0.001 for CLIP."""

    def build(self, canvas: Canvas) -> ScaledFrame:
        return ScaledFrame(canvas, self.base, self.scale, self.colour, self.largest_gradient)


class ScaledFrame(Fit):
    """The image moves under the canvas's pixels by bilinear interpolation."""

    def __init__(
        self,
        canvas: Canvas,
        base: int,
        scale: float,
        colour: Colour = "black",
        largest_gradient: float | None = None,
    ) -> None:
        super().__init__(canvas.size, canvas.interpolation)
        self.start = Frame(canvas, base, colour)
        self.base = base
        self.scale = nn.Parameter(torch.tensor(scale))
        cut_gradient(self.scale, largest_gradient)

    def image_HW(self) -> Tensor:
        # Cut to whole pixels, as the published code does.
        side = (self.base * self.scale.detach().double()).long()
        rows_H, columns_W = (self._inside(extent, side) for extent in self.size)
        return rows_H[:, None] & columns_W

    def _inside(self, extent: int, side: Tensor) -> Tensor:
        first = ((extent - side + 1) // 2).clamp(min=0)
        index_E = torch.arange(extent, device=side.device)
        return (index_E >= first) & (index_E < first + side)

    def ever_free_HW(self) -> Tensor:
        return torch.ones(self.size, dtype=torch.bool)

    def forward(self, images_BHWC: Tensor) -> Tensor:
        with torch.no_grad():
            self.scale.clamp_(SMALLEST, LARGEST)
        colour_C11 = self.start.colour_C11
        based_BCHW = self.start.pad(self.lay(images_BHWC, (self.base, self.base)))
        # The difference to the colour is moved, so that what comes in from outside has the colour.
        rows_HH, columns_WW = (self._interpolation(extent) for extent in self.size)
        return colour_C11 + rows_HH @ (based_BCHW - colour_C11) @ columns_WW.T

    def _interpolation(self, extent: int) -> Tensor:
        """Row i holds the weights with which pixel i is mixed from the unscaled ones.

        Pixel i shows what was at ``centre + (i - centre) / scale``. Matrices rather than
        grid_sample, whose gradient has no repeatable form on GPUs.
        """
        index_E = torch.arange(extent, device=self.scale.device, dtype=self.scale.dtype)
        centre = (extent - 1) / 2
        position_E = centre + (index_E - centre) / self.scale
        return (1 - (position_E[:, None] - index_E).abs()).clamp(min=0)
