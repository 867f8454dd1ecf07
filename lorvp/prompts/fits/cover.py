"""EVP's fit: a square cut from the image, in the middle of the canvas.

Wu et al., "Unleashing the Power of Visual Prompting at the Pixel Level" (TMLR 2024,
arXiv 2212.10556): the shorter side becomes n pixels (bicubic), a square of n x n is kept, a
random one in training and the middle one otherwise, and 0 is put around it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from torch import Tensor

from lorvp.augmentation.windows import middle_window, random_windows
from lorvp.images import Size, resized, unit
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
        square = (self.image_size, self.image_size)
        if self.training:
            return self.pad(self.drawn(lambda: unit(self._random(images_BHWC, square))))
        return self.pad(unit(middle_window(self._covering(images_BHWC), square)))

    def _random(self, images_BHWC: Tensor, square: Size) -> Tensor:
        """A random square of each image, changed as the recipe asks."""
        augmentation, draw = self.augmentation, self.generator
        if augmentation.crop_scale is not None:
            parts_BCHW = augmentation.cropped(images_BHWC, square, self.interpolation, draw)
        else:
            parts_BCHW = random_windows(self._covering(images_BHWC), square, draw)
        return augmentation.changed(parts_BCHW, draw)

    def _covering(self, images_BHWC: Tensor) -> Tensor:
        """Images whose shorter side is that of the square, or of the enlarged square."""
        side = self.image_size
        if self.training or self.augmentation.centre:
            side, _ = self.augmentation.larger((side, side))
        _, height, width, _ = images_BHWC.shape
        shorter = min(height, width)
        # The longer side is cut to whole pixels, as torchvision's Resize does.
        larger = side * height // shorter, side * width // shorter
        return resized(images_BHWC, larger, self.interpolation)
