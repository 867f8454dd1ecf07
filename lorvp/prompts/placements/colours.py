"""The image's own colours as weights, so that a content multiplies instead of being added.

    x + content * x = (1 + content) * x

Where the fit leaves the canvas free there is no colour to multiply, and the content is added as it
is. ACAVP's two prompts (NeurIPS 2025, arXiv 2510.07823) meet in this form.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from lorvp.prompts.base import Canvas, Fit, Placement
from lorvp.settings import Settings


class ColoursConfig(Settings):
    """Weigh the content by the colour of each pixel."""

    kind: Literal["colours"] = "colours"

    def build(self, canvas: Canvas, fit: Fit) -> Colours:
        return Colours(fit)


class Colours(Placement):
    """A mask for each image: the image itself, in the prompt's space, and 1 where there is none."""

    def __init__(self, fit: Fit) -> None:
        super().__init__()
        self.register_buffer("support_HW", torch.ones(fit.size, dtype=torch.bool), persistent=False)
        self.image_HW = fit.image_HW

    def forward(self, canvas_BCHW: Tensor) -> Tensor:
        return torch.where(self.image_HW(), canvas_BCHW, 1.0)
