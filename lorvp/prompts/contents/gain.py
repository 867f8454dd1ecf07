"""A factor on every colour: ACAVP's multiplicative prompt.

ACAVP (NeurIPS 2025, arXiv 2510.07823, code s-enmt/ACAVP) multiplies each channel of each pixel by
``6 sigmoid(g)``, which starts at 1; here g = values - log 5, with values from 0. As something that
is added, gain * x = x + (gain - 1) * x: the content is ``gain - 1``, and the placement `colours`
weighs it with x.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from lorvp.prompts.base import Canvas, Placement
from lorvp.prompts.contents.free import Free
from lorvp.settings import Settings

Most = Annotated[float, Field(gt=1, le=256)]
"""The largest gain."""


class GainConfig(Settings):
    """A bounded value per channel and reachable pixel; with the placement `colours` a factor."""

    kind: Literal["gain"] = "gain"
    most: Most = 6.0
    """Gains lie between 0 and it; the published code has 6."""

    def build(self, canvas: Canvas, placement: Placement) -> Gain:
        return Gain(placement.content_HW, self.most)


class Gain(Free):
    """``most * sigmoid(values - log(most - 1)) - 1`` inside ``content_HW``, 0 elsewhere; values
    start at 0, where it is 0 as well."""

    def __init__(self, content_HW: Tensor, most: float = 6.0) -> None:
        super().__init__(content_HW)
        self.most = most

    def shown(self) -> Tensor:
        start = math.log(self.most - 1)  # the sigmoid of -start is 1 / most
        return self.most * torch.sigmoid(self.values - start) - 1
