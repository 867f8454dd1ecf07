"""Windows of images: a random one of each in training, the middle one in evaluation."""

from __future__ import annotations

import torch
from torch import Tensor

from lorvp.images import Size


def random_windows(
    images_BCHW: Tensor, size: Size, generator: torch.Generator | None = None
) -> Tensor:
    """A random window of ``size`` from each image; all positions are equally likely."""
    batch, _, *large = images_BCHW.shape
    if tuple(large) == size:
        return images_BCHW
    device = images_BCHW.device
    top_B, left_B = (
        torch.randint(a - b + 1, (batch,), generator=generator, device=device)
        for a, b in zip(large, size, strict=True)
    )
    rows_BH1 = (top_B[:, None] + torch.arange(size[0], device=device))[:, :, None]
    columns_B1W = (left_B[:, None] + torch.arange(size[1], device=device))[:, None, :]
    image_B11 = torch.arange(batch, device=device)[:, None, None]
    windows_BHWC = images_BCHW.permute(0, 2, 3, 1)[image_B11, rows_BH1, columns_B1W]
    return windows_BHWC.permute(0, 3, 1, 2)


def middle_window(images_BCHW: Tensor, size: Size) -> Tensor:
    """The middle of each image, where torchvision's CenterCrop has it."""
    top, left = (round((a - b) / 2) for a, b in zip(images_BCHW.shape[2:], size, strict=True))
    return images_BCHW[:, :, top : top + size[0], left : left + size[1]]
