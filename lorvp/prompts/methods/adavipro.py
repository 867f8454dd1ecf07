"""AdaViPro: VP's border, shown only in the regions that each image chooses.

Yang et al. (ICIP 2024, arXiv 2403.13282); the choice is described in ``placements/regions.py``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lorvp.prompts.base import Prompt, Size
from lorvp.prompts.contents.free import Free
from lorvp.prompts.fits import Resize
from lorvp.prompts.placements.border import Border
from lorvp.prompts.placements.product import Product
from lorvp.prompts.placements.regions import Regions
from lorvp.settings import Settings, Symbol


class AdaViProConfig(Settings):
    """The border's values plus 27 D + D + 2 D side^2 + 2 for the two layers that choose."""

    kind: Literal["adavipro"] = "adavipro"
    width: Annotated[int, Symbol("p"), Field(ge=1)] = 30
    """Pixels of border; the paper has 5 to 112, the last of which is the whole image."""
    side: Annotated[int, Symbol("s"), Field(ge=1)] = 32
    """Side of a region in pixels; 32 was best on most of the paper's datasets."""
    hidden: int = Field(default=64, ge=1)
    """D, the channels between the two layers."""
    temperature: float = Field(default=5.0, gt=0)
    """tau at the start."""
    decay: float = Field(default=0.98, gt=0, le=1)
    """gamma per epoch; .98 was best of .90, .94, .98, .99 over the paper's 1000 epochs."""

    def build(self, size: Size) -> Prompt:
        regions = Regions(size, self.side, self.hidden, self.temperature, self.decay)
        placement = Product(Border(size, self.width), regions)
        content = Free(placement.support_HW, std=1.0)
        return Prompt(Resize(size), content, placement, space="normalised")
