"""Patch-Pad of LoR-VP's preliminary study: every patch shrunk, in a frame of its own.

Jin et al. (arXiv 2502.00896, Fig. 1); no code of it was released. The fit is described in
``fits/shrunken_patches.py``. Raw values that start at zero, before normalisation, and a frame
one pixel wide are our reading.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from lorvp.prompts.base import Canvas, Prompt
from lorvp.prompts.contents.free import Free
from lorvp.prompts.fits.patch_side import PatchSide, patch_side
from lorvp.prompts.fits.shrunken_patches import ShrunkenPatches
from lorvp.prompts.methods import lor_vp
from lorvp.prompts.methods.base import Method
from lorvp.prompts.placements.outside import Outside
from lorvp.recipe import TrainingConfig
from lorvp.settings import Count, Differs, Origin, Symbol


class PatchPadConfig(Method):
    """Shrinks every patch into a frame of its own. 3 (P^2 - (P - 2q)^2) values for each patch."""

    kind: Literal["patch_pad"] = "patch_pad"
    side: PatchSide = None
    """P, in pixels; the network's own unless given."""
    width: Annotated[Count, Symbol("q")] = 1
    """q: pixels of frame on each side of every patch."""

    origin: ClassVar[Origin] = Origin(
        paper="LoR-VP, Jin et al., ICLR 2025, arXiv 2502.00896, preliminary study",
        formula="norm(shrunken patches of x + delta * M_frames)",
        recipe="LoR-VP's, our choice: the study's own are not known",
        differs=(
            Differs(
                "no code was published; raw values that start at zero, before normalisation, "
                "are our reading",
            ),
            Differs("a frame of one pixel around each patch is our reading"),
        ),
    )

    @property
    def paper(self) -> TrainingConfig:
        """Our choice: the paper's values are not known; LoR-VP's own are taken."""
        return lor_vp.TRAINING

    def build(self, canvas: Canvas) -> Prompt:
        side = patch_side(canvas, self.side)
        fit = ShrunkenPatches(canvas.size, side, self.width, canvas.interpolation)
        placement = Outside(fit)
        return Prompt(fit, Free(placement.content_HW), placement, space="pixel")
