"""The random crops and flips of the papers' recipes."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from lorvp.images import Size, random_windows, resized
from lorvp.settings import Settings


class Augmentation(Settings):
    """Changes to training images, drawn anew whenever an image is seen; none by default.

    The published ``Resize(252), RandomCrop(224), RandomHorizontalFlip`` is ``enlarge: 1.125``
    (252 / 224) with ``flip: true``.
    """

    enlarge: float = Field(default=1.0, ge=1, le=4)
    """Images are laid this many times larger, and a random window of the right size is kept."""
    flip: bool = False
    """Left and right change places in every second image."""

    def __call__(self, images_BHWC: Tensor, size: Size, mode: str = "bilinear") -> Tensor:
        """uint8 images_BCHW of the given size."""
        larger = round(self.enlarge * size[0]), round(self.enlarge * size[1])
        images_BCHW = random_windows(resized(images_BHWC, larger, mode), size)
        return self.flipped(images_BCHW)

    def flipped(self, images_BCHW: Tensor) -> Tensor:
        """Some of the images mirrored, where this is asked for."""
        if not self.flip:
            return images_BCHW
        turned_B111 = torch.rand(len(images_BCHW), 1, 1, 1) < 0.5
        return torch.where(turned_B111.to(images_BCHW.device), images_BCHW.flip(3), images_BCHW)
