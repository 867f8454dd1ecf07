"""A free value for every pixel: Patch-Free of LoR-VP's preliminary study.

Jin et al. (arXiv 2502.00896, Fig. 1) compare low rank with it; no code of it was released.
Adding raw values that start at zero, before normalisation, is our reading.
"""

from __future__ import annotations

from typing import Literal

from lorvp.prompts.base import Prompt, Size
from lorvp.prompts.contents.free import Free
from lorvp.prompts.fits import Resize
from lorvp.prompts.placements.everywhere import Everywhere
from lorvp.settings import Settings


class FullConfig(Settings):
    """C * H * W free values over the whole image, zero at the start."""

    kind: Literal["full"] = "full"

    def build(self, size: Size) -> Prompt:
        placement = Everywhere(size)
        return Prompt(Resize(size), Free(placement.support_HW), placement, space="pixel")
