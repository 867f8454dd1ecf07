"""How an image of any size becomes one of the size that is stored.

Resizing is torch's, antialiased, on uint8, within a grey level or two of Pillow's.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from pydantic import Field

from lorvp.images import Size, resized
from lorvp.settings import Settings

SMALLEST = 8
"""Pixels on each side of the smallest images that are stored."""


class View(Settings):
    """Which part of an image is stored, and at what size."""

    size: int = Field(default=224, ge=SMALLEST, le=1024)
    """Height and width in pixels."""
    resize: Literal["squash", "crop"] = "squash"
    """squash: the whole image, its proportions not kept (LoR-VP). crop: the middle of the short
    side, as networks are usually tested (VP, SMM)."""
    crop: float = Field(default=0.875, gt=0, le=1)
    """For ``resize: crop``, the share of the short side that is kept; 224 of 256 pixels."""
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    """How images are resized when they are stored, before any network is known. LoR-VP, VP, ILM-VP
    and SMM train on bilinear images, which torchvision's networks expect; CLIP and most of timm's
    vision transformers expect bicubic ones. The plan says where the two differ."""
    upright: bool = True
    """Turn photographs as their EXIF data say they were held. The published loaders do not."""

    def apply(self, image_HWC: np.ndarray) -> np.ndarray:
        """The image as it is stored, (size, size, 3) uint8."""
        side = (self.size, self.size)
        if self.resize == "squash":
            return _resized(image_HWC, side, self.interpolation)
        height, width = image_HWC.shape[:2]
        short, least = self._short, min(height, width)
        # Like torchvision's Resize, which cuts the long side to whole pixels.
        large = short * height // least, short * width // least
        image_HWC = _resized(image_HWC, large, self.interpolation)
        top, left = (round((n - self.size) / 2) for n in large)
        return image_HWC[top : top + self.size, left : left + self.size]

    def resizes(self, image_HWC: np.ndarray) -> bool:
        """Whether ``apply`` resizes this image."""
        sides = image_HWC.shape[:2]
        if self.resize == "squash":
            return sides != (self.size, self.size)
        return min(sides) != self._short

    @property
    def _short(self) -> int:
        """The short side before it is cropped."""
        return round(self.size / self.crop)


def _resized(image_HWC: np.ndarray, size: Size, mode: str) -> np.ndarray:
    image_1HWC = torch.from_numpy(np.ascontiguousarray(image_HWC))[None]
    return resized(image_1HWC, size, mode)[0].permute(1, 2, 0).numpy()
