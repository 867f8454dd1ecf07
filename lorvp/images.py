"""Convert uint8 images to the size and range that networks read."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

Size = tuple[int, int]
"""Height and width in pixels."""


def unit(images_BCHW: Tensor) -> Tensor:
    """Grey levels 0..255 as numbers in [0, 1]."""
    return images_BCHW.to(torch.get_default_dtype()) / 255


def resized(images_BHWC: Tensor, size: Size, mode: str = "bilinear") -> Tensor:
    """uint8 images resized to uint8 images_BCHW; the aspect ratio is not kept.

    Antialiased, within a grey level or two of Pillow's filter of the same name.
    """
    images_BCHW = images_BHWC.permute(0, 3, 1, 2)
    if images_BCHW.shape[-2:] == size:
        return images_BCHW
    if images_BCHW.device.type == "cpu":
        # The permuted images are channels_last, which torch resizes in uint8: with AVX2 ten times
        # as fast as in floats, without AVX2 equally fast, with the same grey levels.
        return F.interpolate(images_BCHW, size=size, mode=mode, antialias=True)
    # Other devices resize floats only: columns, then rows, rounded to grey levels, as Pillow does.
    levels_BCHW = images_BCHW.float()
    for step in [(images_BCHW.shape[-2], size[1]), size]:
        moved_BCHW = F.interpolate(levels_BCHW, size=step, mode=mode, antialias=True)
        levels_BCHW = moved_BCHW.clamp(0, 255).round()
    return levels_BCHW.to(torch.uint8)
