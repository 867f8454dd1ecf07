"""Every patch of the image shrunk, with a frame of its own around it.

Patch-Pad of the preliminary study in LoR-VP (arXiv 2502.00896, Fig. 1). No code or width was
published: patches resized one by one, with antialiasing, are our reading.
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from lorvp.errors import InputError
from lorvp.images import Size
from lorvp.networks.interface import Interpolation
from lorvp.prompts.base import Canvas, Fit
from lorvp.prompts.fits.patch_side import PatchSide, patch_side
from lorvp.settings import Count, Settings, Symbol


class ShrunkenPatchesConfig(Settings):
    """Shrink every patch, leaving a frame around each."""

    kind: Literal["shrunken_patches"] = "shrunken_patches"
    side: PatchSide = None
    """Side of a patch in pixels; the network's own unless given."""
    width: Annotated[Count, Symbol("q")] = 1
    """Pixels of frame on each side of every patch."""

    def build(self, canvas: Canvas) -> ShrunkenPatches:
        side = patch_side(canvas, self.side)
        return ShrunkenPatches(canvas.size, side, self.width, canvas.interpolation)


class ShrunkenPatches(Fit):
    """Patches of side P whose inner P - 2q pixels are image."""

    inside_HW: Tensor

    def __init__(
        self, size: Size, side: int, width: int, interpolation: Interpolation = "bilinear"
    ) -> None:
        super().__init__(size, interpolation)
        if 2 * width >= side:
            raise InputError(
                f"width {width} leaves no image in patches of side {side}; "
                f"at most {(side - 1) // 2}"
            )
        self.side, self.width = side, width
        inner_PP = F.pad(torch.ones(side - 2 * width, side - 2 * width), [width] * 4).bool()
        inside_HW = inner_PP.repeat(size[0] // side, size[1] // side)
        self.register_buffer("inside_HW", inside_HW, persistent=False)

    def image_HW(self) -> Tensor:
        return self.inside_HW

    def forward(self, images_BHWC: Tensor) -> Tensor:
        images_BCHW = self.lay(images_BHWC, self.size)
        inner = self.side - 2 * self.width
        patches = self._cut(images_BCHW)
        shrunk = F.interpolate(patches, size=(inner, inner), mode="bilinear", antialias=True)
        return self._joined(F.pad(shrunk, [self.width] * 4), len(images_BCHW))

    def _cut(self, images_BCHW: Tensor) -> Tensor:
        """All patches one after another, (B * rows * columns, C, P, P)."""
        batch, colours, height, width = images_BCHW.shape
        rows, columns, side = height // self.side, width // self.side, self.side
        split = images_BCHW.reshape(batch, colours, rows, side, columns, side)
        return split.permute(0, 2, 4, 1, 3, 5).reshape(-1, colours, side, side)

    def _joined(self, patches: Tensor, batch: int) -> Tensor:
        rows, columns = (extent // self.side for extent in self.size)
        split = patches.reshape(batch, rows, columns, -1, self.side, self.side)
        return split.permute(0, 3, 1, 4, 2, 5).reshape(batch, -1, *self.size)
