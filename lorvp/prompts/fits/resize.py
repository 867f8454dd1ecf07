"""The image over the whole canvas."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from lorvp.prompts.base import Canvas, Fit
from lorvp.settings import Settings


class ResizeConfig(Settings):
    """Squash the whole image to the canvas; the aspect ratio is not kept (LoR-VP's code)."""

    kind: Literal["resize"] = "resize"

    def build(self, canvas: Canvas) -> Resize:
        return Resize(canvas.size)


class Resize(Fit):
    """Bilinear with antialiasing."""

    def forward(self, images_BHWC: Tensor) -> Tensor:
        return self.lay(images_BHWC, self.size)
