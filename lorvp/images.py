"""Images from uint8 to the size and the range that networks read."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

Size = tuple[int, int]
"""Height and width in pixels."""


def resized(images_BHWC: Tensor, size: Size, mode: str = "bilinear") -> Tensor:
    """uint8 images squashed to float images_BCHW in [0, 1]; the aspect ratio is not kept.

    Antialiased, which equals Pillow's filter of the same name to a grey level or two.
    """
    images_BCHW = images_BHWC.permute(0, 3, 1, 2).to(torch.get_default_dtype()) / 255
    if images_BCHW.shape[-2:] == size:
        return images_BCHW
    # Bicubic weights are negative in places, so values can leave the range. Pillow resizes rows,
    # then columns, and clips after each; between sharp edges that is up to 20 grey levels.
    for step in [(images_BCHW.shape[-2], size[1]), size] if mode == "bicubic" else [size]:
        images_BCHW = F.interpolate(images_BCHW, size=step, mode=mode, antialias=True).clamp(0, 1)
    return images_BCHW


def random_windows(images_BCHW: Tensor, size: Size) -> Tensor:
    """A window of ``size`` from each image, every position equally likely."""
    batch, _, *large = images_BCHW.shape
    if tuple(large) == size:
        return images_BCHW
    top_B, left_B = (torch.randint(a - b + 1, (batch,)) for a, b in zip(large, size, strict=True))
    rows_BH1 = (top_B[:, None] + torch.arange(size[0]))[:, :, None]
    columns_B1W = (left_B[:, None] + torch.arange(size[1]))[:, None, :]
    image_B11 = torch.arange(batch)[:, None, None]
    windows_BHWC = images_BCHW.permute(0, 2, 3, 1)[image_B11, rows_BH1, columns_B1W]
    return windows_BHWC.permute(0, 3, 1, 2)
