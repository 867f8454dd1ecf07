"""LoR-VP: a low-rank prompt over the whole image, added before normalisation, not clamped.

Jin et al. (ICLR 2025, arXiv 2502.00896); the content is described in ``contents/low_rank.py``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lorvp.prompts.base import Prompt, Size
from lorvp.prompts.contents.low_rank import LowRank
from lorvp.prompts.fits import Resize
from lorvp.prompts.placements.everywhere import Everywhere
from lorvp.settings import Settings, Symbol


class LorVpConfig(Settings):
    """3 * rank * (H + W) values: 5,376 at rank 4 and 224 pixels."""

    kind: Literal["lor_vp"] = "lor_vp"
    rank: Annotated[int, Symbol("r"), Field(ge=1)] = 4
    """The published run script uses 4."""
    std: float = Field(default=0.01, gt=0)
    """A ~ N(0, std^2), B = 0 (the published code's "zero,normal")."""

    def build(self, size: Size) -> Prompt:
        content = LowRank(size, self.rank, self.std)
        return Prompt(Resize(size), content, Everywhere(size), space="pixel")
