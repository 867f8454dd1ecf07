"""Patch-Free of LoR-VP's preliminary study: a free value for every pixel.

Jin et al. (arXiv 2502.00896, Fig. 1) compare low rank with it; no code of it was released.
Adding raw values that start at zero, before normalisation, is our reading.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from lorvp.prompts.base import Canvas, Prompt
from lorvp.prompts.contents.free import Free
from lorvp.prompts.fits.resize import Resize
from lorvp.prompts.methods import lor_vp
from lorvp.prompts.methods.base import Method
from lorvp.prompts.placements.everywhere import Everywhere
from lorvp.recipe import TrainingConfig
from lorvp.settings import Differs, Origin


class PatchFreeConfig(Method):
    """Adds a free value to every pixel. 3 H W values, zero at the start."""

    kind: Literal["patch_free"] = "patch_free"

    origin: ClassVar[Origin] = Origin(
        paper="LoR-VP, Jin et al., ICLR 2025, arXiv 2502.00896, preliminary study",
        formula="norm(x + delta)",
        recipe="LoR-VP's, our choice: the study's own are not known",
        differs=(
            Differs(
                "no code was published; raw values that start at zero, before normalisation, "
                "are our reading",
            ),
        ),
    )

    @property
    def paper(self) -> TrainingConfig:
        """Our choice: the paper's values are not known; LoR-VP's own are taken."""
        return lor_vp.TRAINING

    def build(self, canvas: Canvas) -> Prompt:
        placement = Everywhere(canvas.size)
        return Prompt(
            Resize(canvas.size, canvas.interpolation),
            Free(placement.content_HW),
            placement,
            space="pixel",
        )
