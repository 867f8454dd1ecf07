"""VP with padding: a free border, added after normalisation.

Bahng et al., "Exploring Visual Prompts for Adapting Large-Scale Models" (arXiv 2203.17274).
The image keeps its full size; the border is added to its outer pixels, not around it.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from lorvp.prompts.base import Canvas, Prompt
from lorvp.prompts.contents.free import Free
from lorvp.prompts.fits.resize import Resize
from lorvp.prompts.methods import vp_recipe
from lorvp.prompts.methods.base import Method
from lorvp.prompts.placements.border import Border
from lorvp.recipe import TrainingConfig
from lorvp.settings import Count, Differs, Origin, Symbol


class PadConfig(Method):
    """Adds a border of free values, N(0, 1) at the start, after normalisation."""

    kind: Literal["pad"] = "pad"
    width: Annotated[Count, Symbol("p")] = 30
    """Pixels on each side; the paper's default at 224."""

    origin: ClassVar[Origin] = Origin(
        paper="VP, Bahng et al., arXiv 2203.17274",
        formula="norm(x) + delta * M_border, delta from N(0, 1)",
        recipe="VP's code (main_clip.py, main_vision.py)",
        differs=(
            Differs(
                "batches of 256 for every network, not 128 for vision networks and 32 for the "
                "Instagram ResNeXt",
            ),
        ),
    )

    @property
    def paper(self) -> TrainingConfig:
        return vp_recipe.TRAINING

    def build(self, canvas: Canvas) -> Prompt:
        placement = Border(canvas.size, self.width)
        content = Free(placement.content_HW, std=1.0)
        return Prompt(
            Resize(canvas.size, canvas.interpolation), content, placement, space="normalised"
        )
