"""The image over the whole canvas."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from lorvp.networks.interface import Interpolation
from lorvp.prompts.base import Canvas, Fit
from lorvp.settings import Settings


class ResizeConfig(Settings):
    """Squash the whole image to the canvas; the aspect ratio is not kept (LoR-VP's code)."""

    kind: Literal["resize"] = "resize"
    interpolation: Interpolation | None = None
    """The network's own unless given."""

    def build(self, canvas: Canvas) -> Resize:
        return Resize(canvas.size, self.interpolation or canvas.interpolation)


class Resize(Fit):
    """The whole image, resized with antialiasing."""

    def forward(self, images_BHWC: Tensor) -> Tensor:
        return self.lay(images_BHWC, self.size)
