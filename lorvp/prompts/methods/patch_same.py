"""Patch-Same of LoR-VP's preliminary study: one prompt that all patches share.

Jin et al. (arXiv 2502.00896, Fig. 1); no code of it was released. Adding raw values that start
at zero, before normalisation, is our reading.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from lorvp.prompts.base import Canvas, Prompt
from lorvp.prompts.contents.tile import Tile
from lorvp.prompts.fits.patch_side import PatchSide, patch_side
from lorvp.prompts.fits.resize import Resize
from lorvp.prompts.methods import lor_vp
from lorvp.prompts.methods.base import Method
from lorvp.prompts.placements.everywhere import Everywhere
from lorvp.recipe import TrainingConfig
from lorvp.settings import Differs, Origin


class PatchSameConfig(Method):
    """Adds one tile of free values to every patch. 3 P^2 values, zero at the start."""

    kind: Literal["patch_same"] = "patch_same"
    side: PatchSide = None
    """P, in pixels; the network's own unless given."""

    origin: ClassVar[Origin] = Origin(
        paper="LoR-VP, Jin et al., ICLR 2025, arXiv 2502.00896, preliminary study",
        formula="norm(x + delta), delta one tile for all patches",
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
        content = Tile(canvas.size, patch_side(canvas, self.side))
        return Prompt(
            Resize(canvas.size, canvas.interpolation),
            content,
            Everywhere(canvas.size),
            space="pixel",
        )
