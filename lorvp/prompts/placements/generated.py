"""BlackVIP's Coordinator: a network that makes an image out of each image.

Oh et al., "BlackVIP: Black-Box Visual Prompting for Robust Transfer Learning" (CVPR 2023,
arXiv 2303.14773; code changdaeoh/BlackVIP, trainers/visual_prompters.py). Features of the image and
a trained trigger vector are laid on a 7 x 7 grid of 32 channels, which five transposed convolutions
make 32 times as large, down to 3 channels; all but the first and the last are depthwise, each but
the last is followed by a 1 x 1 convolution, BatchNorm and GELU.

Our reading of the encoder: theirs is a second frozen network, a masked autoencoder's ViT-B, whose
class token fills half of the grid. Here the image itself, averaged to the grid, fills 3 of the 32
channels, so that no other weights are needed; the trigger fills the other 29. The 192 biases of
their depthwise convolutions are left out, since BatchNorm takes away what they add.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from lorvp.prompts.base import Canvas, Fit, Placement, Size
from lorvp.settings import Settings

STRIDE, CHANNELS = 32, (32, 64, 32, 32, 16)
"""How much the grid is enlarged, and its channels on the way; the last step has 3."""


class GeneratedConfig(Settings):
    """Weigh the content by an image that a network makes from each image."""

    kind: Literal["generated"] = "generated"

    def build(self, canvas: Canvas, fit: Fit) -> Generated:
        return Generated(canvas.size)


class Generated(Placement):
    """A mask of any sign for each image, channel and pixel."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        self.grid = -(-size[0] // STRIDE), -(-size[1] // STRIDE)
        # As the published code: between 0 and 0.1.
        self.trigger = nn.Parameter(torch.rand(CHANNELS[0] - 3, *self.grid) / 10)
        first, *others = (_block(*ends, i) for i, ends in enumerate(_steps()))
        last = nn.ConvTranspose2d(CHANNELS[-1], 3, kernel_size=2, stride=2, bias=False)
        self.decoder = nn.Sequential(first, *others, last)
        self.register_buffer("support_HW", torch.ones(size, dtype=torch.bool), persistent=False)

    def forward(self, canvas_BCHW: Tensor) -> Tensor:
        averaged_B3GG = self._averaged(canvas_BCHW)
        trigger_BTGG = self.trigger.expand(len(canvas_BCHW), -1, -1, -1)
        made_BCHW = self.decoder(torch.cat([averaged_B3GG, trigger_BTGG], dim=1))
        return made_BCHW[..., : self.size[0], : self.size[1]]

    def _averaged(self, canvas_BCHW: Tensor) -> Tensor:
        """The mean over squares of ``STRIDE`` pixels; the last ones may be smaller."""
        over = [g * STRIDE - extent for g, extent in zip(self.grid, self.size, strict=True)]
        padded = nn.functional.pad(canvas_BCHW, (0, over[1], 0, over[0]), mode="replicate")
        squares = padded.unflatten(2, (self.grid[0], STRIDE)).unflatten(4, (self.grid[1], STRIDE))
        return squares.mean((3, 5))


def _steps() -> list[tuple[int, int]]:
    return list(pairwise(CHANNELS))


def _block(inputs: int, outputs: int, number: int) -> nn.Sequential:
    """Twice as large: each channel by itself, then mixed."""
    wide = 64 if number == 0 else inputs
    return nn.Sequential(
        nn.ConvTranspose2d(inputs, wide, kernel_size=2, stride=2, groups=inputs, bias=False),
        nn.ConvTranspose2d(wide, outputs, kernel_size=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.GELU(),
    )
