"""A random part of each image, resized to one size: torchvision's RandomResizedCrop.

Szegedy et al., "Going Deeper with Convolutions" (CVPR 2015). Each image of a batch has a part of
its own, and none is known to the host: a GPU resizes all of them by a product with each image's
weights.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lorvp.augmentation.asking import on_host
from lorvp.images import Size, resized

TRIES = 10
"""Parts that are drawn until one lies within the image, as torchvision does."""


def random_resized_crops(
    images_BHWC: Tensor,
    size: Size,
    mode: str,
    scale: float,
    ratio: float,
    generator: torch.Generator | None = None,
) -> Tensor:
    """uint8 images_BCHW of ``size``, each a part that covers between ``scale`` and all of the area,
    with sides at most in this ``ratio`` either way."""
    boxes_B4 = random_boxes(images_BHWC, scale, ratio, generator)
    if on_host(images_BHWC):
        parts = [
            resized(image_HWC[None, top : top + height, left : left + width], size, mode)
            for image_HWC, (top, left, height, width) in zip(
                images_BHWC, boxes_B4.tolist(), strict=True
            )
        ]
        return torch.cat(parts)
    return resampled(images_BHWC, boxes_B4, size, mode)


def random_boxes(
    images_BHWC: Tensor, scale: float, ratio: float, generator: torch.Generator | None = None
) -> Tensor:
    """Top, left, height and width of each image's part, in whole pixels (int64)."""
    batch, height, width, _ = images_BHWC.shape
    shape, device = (2, batch, TRIES), images_BHWC.device
    share_BT, log_ratio_BT = torch.rand(shape, generator=generator, device=device)
    area_BT = height * width * (scale + (1 - scale) * share_BT)
    ratio_BT = torch.exp(math.log(ratio) * (2 * log_ratio_BT - 1))
    widths_BT, heights_BT = (area_BT * ratio_BT).sqrt().round(), (area_BT / ratio_BT).sqrt().round()
    fits_BT = (widths_BT > 0) & (widths_BT <= width) & (heights_BT > 0) & (heights_BT <= height)
    first_B1 = fits_BT.int().argmax(1, keepdim=True)
    none_B = ~fits_BT.any(1)
    most = min(height, round(width * ratio)), min(width, round(height * ratio))
    height_B = torch.where(none_B, most[0], heights_BT.gather(1, first_B1)[:, 0])
    width_B = torch.where(none_B, most[1], widths_BT.gather(1, first_B1)[:, 0])
    place_2B = torch.rand((2, batch), generator=generator, device=device)
    room_2B = torch.stack([height - height_B, width - width_B])
    random_2B = (place_2B * (room_2B + 1)).floor().minimum(room_2B)
    corner_2B = torch.where(none_B, (room_2B / 2).floor(), random_2B)
    return torch.stack([*corner_2B, height_B, width_B], dim=1).long()


def resampled(images_BHWC: Tensor, boxes_B4: Tensor, size: Size, mode: str) -> Tensor:
    """uint8 images_BCHW of ``size``, each the part of its image that ``boxes_B4`` gives.

    Columns, then rows, rounded to grey levels, as Pillow does.
    """
    batch, height, width, colours = images_BHWC.shape
    top_B, left_B, height_B, width_B = boxes_B4.unbind(1)
    columns_BwW = weights(left_B, width_B, width, size[1], mode)
    across_BWHC = images_BHWC.float().transpose(1, 2).reshape(batch, width, -1)
    across_BwHC = _levels(columns_BwW @ across_BWHC).view(batch, size[1], height, colours)
    rows_BhH = weights(top_B, height_B, height, size[0], mode)
    down_BHwC = across_BwHC.transpose(1, 2).reshape(batch, height, -1)
    images_BhwC = _levels(rows_BhH @ down_BHwC).view(batch, *size, colours)
    return images_BhwC.to(torch.uint8).permute(0, 3, 1, 2)


def weights(start_B: Tensor, length_B: Tensor, pixels: int, size: int, mode: str) -> Tensor:
    """What each of ``pixels`` in a row adds to each of ``size`` pixels of the resized part, which
    begins at ``start_B``: (B, size, pixels), antialiased. Pixels beside the part add nothing."""
    here = {"dtype": torch.float32, "device": start_B.device}
    start_B11, length_B11 = start_B[:, None, None].float(), length_B[:, None, None].float()
    zoom_B11 = length_B11 / size
    place_p = torch.arange(pixels, **here) + 0.5
    centre_Bs1 = start_B11 + (torch.arange(size, **here)[:, None] + 0.5) * zoom_B11
    weight_Bsp = FILTERS[mode]((place_p - centre_Bs1) / zoom_B11.clamp(min=1))
    inside_B1p = (place_p > start_B11) & (place_p < start_B11 + length_B11)
    weight_Bsp = weight_Bsp * inside_B1p
    return weight_Bsp / weight_Bsp.sum(2, keepdim=True)


def _triangle(distance: Tensor) -> Tensor:
    return (1 - distance.abs()).clamp(min=0)


def _cubic(distance: Tensor) -> Tensor:
    """Keys's cubic with a = -0.5, as in Pillow and torch's antialiased resizing."""
    x = distance.abs()
    near, far = (1.5 * x - 2.5) * x * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x < 1, near, torch.where(x < 2, far, 0.0))


FILTERS = {"bilinear": _triangle, "bicubic": _cubic}


def _levels(values: Tensor) -> Tensor:
    """Whole levels; half a level is rounded up, as Pillow does."""
    return (values + 0.5).floor().clamp(0, 255)
