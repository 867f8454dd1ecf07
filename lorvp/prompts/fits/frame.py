"""A smaller image in the middle of the canvas, with room for a prompt around it.

AutoVP (arXiv 2310.08381) and ILM-VP (arXiv 2211.11635) shrink the image to n x n and pad it.
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from lorvp.errors import InputError
from lorvp.images import Size
from lorvp.networks.interface import Interpolation
from lorvp.prompts.base import Canvas, Fit
from lorvp.settings import Count, Settings, Symbol

Colour = Literal["black", "mean"]
"""Colour of the free pixels: 0, or the network's mean colour, which is 0 after normalisation."""


class FrameConfig(Settings):
    """Lay the image as a square in the middle of the canvas."""

    kind: Literal["frame"] = "frame"
    image_size: Annotated[Count, Symbol("n")] = 128
    """Side of the image in pixels; ILM-VP has 32 or 128, AutoVP 64, 128 or 192, of 224."""
    colour: Colour = "black"
    """Colour of the frame."""
    interpolation: Interpolation | None = None
    """The network's own unless given."""

    def build(self, canvas: Canvas) -> Frame:
        return Frame(canvas, self.image_size, self.colour, self.interpolation)


class Frame(Fit):
    """Left and top get the larger half of an odd rest, as in both published codes."""

    colour_C11: Tensor
    inside_HW: Tensor

    def __init__(
        self,
        canvas: Canvas,
        image_size: int,
        colour: Colour = "black",
        interpolation: Interpolation | None = None,
    ) -> None:
        super().__init__(canvas.size, interpolation or canvas.interpolation)
        require_smaller(image_size, canvas.size)
        self.image_size = image_size
        # In the order that F.pad takes: left, right, top, bottom.
        height, width = (extent - image_size for extent in canvas.size)
        self.padding = ((width + 1) // 2, width // 2, (height + 1) // 2, height // 2)
        mean = canvas.mean if colour == "mean" else (0.0, 0.0, 0.0)
        self.register_buffer("colour_C11", torch.tensor(mean)[:, None, None], persistent=False)
        inside_HW = F.pad(torch.ones(image_size, image_size), self.padding).bool()
        self.register_buffer("inside_HW", inside_HW, persistent=False)

    def image_HW(self) -> Tensor:
        return self.inside_HW

    def forward(self, images_BHWC: Tensor) -> Tensor:
        return self.pad(self.lay(images_BHWC, (self.image_size, self.image_size)))

    def pad(self, images_BCHW: Tensor) -> Tensor:
        """Images of ``image_size`` in the middle of canvases of this fit's colour."""
        padded_BCHW = F.pad(images_BCHW, self.padding)
        return torch.where(self.inside_HW, padded_BCHW, self.colour_C11)


def require_smaller(image_size: int, size: Size) -> None:
    """Refuse an image that fills the canvas and leaves no frame.

    Raises:
        InputError: the image is as large as the canvas, or larger.
    """
    if image_size >= min(size):
        raise InputError(
            f"image_size {image_size} leaves no frame on the network's {size[0]}x{size[1]} input; "
            f"at most {min(size) - 1}"
        )
