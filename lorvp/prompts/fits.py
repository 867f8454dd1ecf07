"""How an image is laid on the canvas."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from lorvp.prompts.base import Fit, Size
from lorvp.settings import Settings


class ResizeConfig(Settings):
    """Squash the whole image to the canvas; the aspect ratio is not kept (LoR-VP's code)."""

    kind: Literal["resize"] = "resize"

    def build(self, size: Size) -> Resize:
        return Resize(size)


class Resize(Fit):
    """Bilinear with antialiasing, which equals Pillow's bilinear filter to a grey level or two."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size

    def forward(self, images_BHWC: Tensor) -> Tensor:
        images_BCHW = images_BHWC.permute(0, 3, 1, 2).to(torch.get_default_dtype()) / 255
        if images_BCHW.shape[-2:] == self.size:
            return images_BCHW
        return F.interpolate(images_BCHW, size=self.size, mode="bilinear", antialias=True)
