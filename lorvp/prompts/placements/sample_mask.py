"""SMM: a small network weighs the prompt for each image, patch by patch and colour by colour.

Cai et al., "Sample-specific Masks for Visual Reprogramming-based Prompting" (ICML 2024,
arXiv 2406.03150). Blocks of 3x3 convolution, BatchNorm, ReLU with 8, 16, 32, 64 (and 128)
channels; after block i a 2x2 max-pool as long as 2^i is at most the patch size; then a 3x3
convolution to 3 channels, without activation, so that weights may be negative or above 1. Each
weight holds for a square of the patch size.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from lorvp.errors import InputError
from lorvp.prompts.base import Canvas, Fit, Placement, Size, enlarged, require_tiling
from lorvp.settings import Settings, Symbol


class SampleMaskConfig(Settings):
    """Weigh the content by a mask that a small network makes from each image."""

    kind: Literal["sample_mask"] = "sample_mask"
    layers: Literal[5, 6] = 5
    """Convolutions: 26,499 values with 5 (the paper's for ResNets), 102,339 with 6 (ViT)."""
    patch: Annotated[Literal[1, 2, 4, 8, 16, 32], Symbol("patch")] = 8
    """Side of the square that shares a weight, in pixels; 32 takes 6 layers."""
    colours: Literal["each", "shared"] = "each"
    """A weight for each colour, or one for all three: the mean of the last block's channels,
    the paper's one-channel variant."""

    def build(self, canvas: Canvas, fit: Fit) -> SampleMask:
        return SampleMask(canvas.size, self.layers, self.patch, self.colours == "shared")


class SampleMask(Placement):
    """A mask of any sign for each image, constant on squares."""

    def __init__(self, size: Size, layers: int = 5, patch: int = 8, shared: bool = False) -> None:
        super().__init__()
        pools = patch.bit_length() - 1
        if pools > layers - 1:
            raise InputError(f"a patch of {patch} needs {pools + 1} layers, not {layers}")
        require_tiling("patches", patch, size)
        self.patch = patch
        widths = [3, *(8 * 2**i for i in range(layers - 1))]
        blocks = [_block(a, b, i < pools) for i, (a, b) in enumerate(pairwise(widths))]
        self.blocks = nn.Sequential(*blocks)
        last = nn.Identity() if shared else nn.Conv2d(widths[-1], 3, kernel_size=3, padding=1)
        self.last = last
        self.shared = shared
        self.register_buffer("support_HW", torch.ones(size, dtype=torch.bool), persistent=False)

    def forward(self, canvas_BCHW: Tensor) -> Tensor:
        weights_BCRR = self.last(self.blocks(canvas_BCHW))
        if self.shared:
            weights_BCRR = weights_BCRR.mean(1, keepdim=True)
        return enlarged(weights_BCRR, self.patch)


def _block(inputs: int, outputs: int, pool: bool) -> nn.Sequential:
    """Convolution, BatchNorm, ReLU, and a 2x2 max-pool if ``pool``."""
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel_size=3, padding=1),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    ]
    return nn.Sequential(*layers, *([nn.MaxPool2d(2)] if pool else []))
