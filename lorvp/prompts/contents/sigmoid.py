"""Free values under a sigmoid, so that a prompt in [0, 1] stands for colours.

AutoVP (arXiv 2310.08381) and ILM-VP (arXiv 2211.11635) paint the frame around the image with
it. Values start at 0: the frame starts mid-grey.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from lorvp.prompts.base import Canvas, Placement
from lorvp.prompts.contents.free import Free
from lorvp.settings import Settings


class SigmoidConfig(Settings):
    """One trained value per channel and reachable pixel, added as a colour in (0, 1)."""

    kind: Literal["sigmoid"] = "sigmoid"

    def build(self, canvas: Canvas, placement: Placement) -> Sigmoid:
        return Sigmoid(placement.content_HW)


class Sigmoid(Free):
    """``sigmoid(values)`` inside ``content_HW``, exactly 0 elsewhere."""

    def shown(self) -> Tensor:
        return torch.sigmoid(self.values)
