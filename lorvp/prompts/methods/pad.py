"""VP with padding: a free border, added after normalisation.

Bahng et al., "Exploring Visual Prompts for Adapting Large-Scale Models" (arXiv 2203.17274).
The image keeps its full size; the border is added to its outer pixels, not around it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lorvp.prompts.base import Prompt, Size
from lorvp.prompts.contents.free import Free
from lorvp.prompts.fits import Resize
from lorvp.prompts.placements.border import Border
from lorvp.settings import Settings, Symbol


class PadConfig(Settings):
    """A border of free values, N(0, 1) at the start, in the network's normalised space."""

    kind: Literal["pad"] = "pad"
    width: Annotated[int, Symbol("p"), Field(ge=1)] = 30
    """Pixels on each side; the paper's default at 224."""

    def build(self, size: Size) -> Prompt:
        placement = Border(size, self.width)
        content = Free(placement.support_HW, std=1.0)
        return Prompt(Resize(size), content, placement, space="normalised")
