"""Changes to the grey levels of uint8 images, each image by its own."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from lorvp.augmentation.asking import on_host


def grey(images_BCHW: Tensor) -> Tensor:
    """The brightness of each pixel in whole levels, as floats (B, 1, H, W)."""
    red, green, blue = images_BCHW.float().unbind(1)
    return (0.2989 * red + 0.587 * green + 0.114 * blue).floor()[:, None]


def blurred(images_BCHW: Tensor) -> Tensor:
    """The mean of each pixel's neighbours and five times itself, as floats; the edge stays."""
    levels_BCHW = images_BCHW.float()
    height, width = images_BCHW.shape[2:]
    if min(height, width) <= 2:
        return levels_BCHW
    mean_BCHW = F.avg_pool2d(levels_BCHW, 3, 1) * 9
    inner_BCHW = ((mean_BCHW + 4 * levels_BCHW[..., 1:-1, 1:-1]) / 13).round()
    edge_HW = torch.ones((height, width), dtype=torch.bool, device=images_BCHW.device)
    edge_HW[1:-1, 1:-1] = False
    return torch.where(edge_HW, levels_BCHW, F.pad(inner_BCHW, (1, 1, 1, 1)))


def autocontrasted(images_BCHW: Tensor) -> Tensor:
    """Each colour's least level becomes 0, its greatest 255."""
    levels_BCHW = images_BCHW.float()
    least, most = levels_BCHW.amin((2, 3), keepdim=True), levels_BCHW.amax((2, 3), keepdim=True)
    flat = least == most
    stretched_BCHW = (levels_BCHW - least) * 255 / (most - least).masked_fill(flat, 1)
    return torch.where(flat, levels_BCHW, stretched_BCHW.clamp(0, 255)).to(torch.uint8)


def equalised(images_BCHW: Tensor) -> Tensor:
    """Each colour's levels become about equally frequent, as Pillow does it in whole numbers."""
    shape = images_BCHW.shape
    levels_BCN = images_BCHW.flatten(2).long()
    up_to_BCL = counted(levels_BCN)
    # The greatest level of an image does not count: of what is left, 255 steps.
    pixels = levels_BCN.shape[2]
    below_BC1 = torch.where(up_to_BCL == pixels, 0, up_to_BCL).amax(2, keepdim=True)
    step_BC1 = below_BC1 // 255
    before_BCL = F.pad(up_to_BCL, (1, 0))[..., :-1]
    table_BCL = ((before_BCL + step_BC1 // 2) // step_BC1.clamp(min=1)).clamp(0, 255)
    found_BCHW = table_BCL.gather(2, levels_BCN).view(shape).to(torch.uint8)
    return torch.where(step_BC1[..., None] == 0, images_BCHW, found_BCHW)


def counted(levels_BCN: Tensor) -> Tensor:
    """How many pixels have each of the 256 levels, or less."""
    batch, colours, _ = levels_BCN.shape
    if on_host(levels_BCN):
        counts_BCL = levels_BCN.new_zeros((batch, colours, 256))
        return counts_BCL.scatter_add_(2, levels_BCN, torch.ones_like(levels_BCN)).cumsum(2)
    # Adding up in no fixed order is refused on GPUs, even of whole numbers.
    sorted_BCN = levels_BCN.to(torch.uint8).sort(2).values
    level_L = torch.arange(256, device=levels_BCN.device).to(torch.uint8)
    level_BCL = level_L.expand(batch, colours, -1).contiguous()
    return torch.searchsorted(sorted_BCN, level_BCL, right=True)
