"""EVP's fit: a square cut from the image, in the middle of the canvas.

Wu et al., "Unleashing the Power of Visual Prompting at the Pixel Level" (TMLR 2024,
arXiv 2212.10556): the shorter side becomes n pixels (bicubic), a square of n x n is kept, a
random one in training and the middle one otherwise, and 0 is put around it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from torch import Tensor

from lorvp.images import random_windows, resized, unit
from lorvp.prompts.base import Canvas
from lorvp.prompts.fits.frame import Colour, Frame
from lorvp.settings import Count, Settings, Symbol


class CoverConfig(Settings):
    """Lay a square cut of the image in the middle of the canvas; the aspect ratio is kept."""

    kind: Literal["cover"] = "cover"
    image_size: Annotated[Count, Symbol("n")] = 164
    """Side of the square in pixels; 164 of 224 was best in the paper."""
    colour: Colour = "black"
    """Colour of the frame."""

    def build(self, canvas: Canvas) -> Cover:
        return Cover(canvas, self.image_size, self.colour)


class Cover(Frame):
    """A square image is kept whole; a long one loses its ends."""

    def __init__(self, canvas: Canvas, image_size: int, colour: Colour = "black") -> None:
        super().__init__(canvas, image_size, colour, "bicubic")

    @property
    def draws(self) -> bool:
        return True  # a window of each image that is not square

    def forward(self, images_BHWC: Tensor) -> Tensor:
        side = self.image_size
        if self.training:
            side = round(self.augmentation.enlarge * side)
        _, height, width, _ = images_BHWC.shape
        shorter = min(height, width)
        # The longer side is cut to whole pixels, as torchvision's Resize does.
        larger = side * height // shorter, side * width // shorter
        images_BCHW = resized(images_BHWC, larger, self.interpolation)
        if self.training:
            return self.pad(self.drawn(lambda: self._windows(images_BCHW)))
        top, left = (round((extent - self.image_size) / 2) for extent in larger)
        return self.pad(unit(images_BCHW[..., top : top + side, left : left + side]))

    def _windows(self, images_BCHW: Tensor) -> Tensor:
        """A random square of each image, some of them mirrored."""
        square = (self.image_size, self.image_size)
        windows_BCHW = random_windows(images_BCHW, square, self.generator)
        return unit(self.augmentation.flipped(windows_BCHW, self.generator))
