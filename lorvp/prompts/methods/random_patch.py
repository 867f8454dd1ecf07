"""VP with a random patch: a free square whose place changes from batch to batch.

Bahng et al., "Exploring Visual Prompts for Adapting Large-Scale Models" (arXiv 2203.17274); the
drawing is described in ``placements/random_square.py``.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from lorvp.prompts.base import Canvas, Prompt
from lorvp.prompts.contents.free import Free
from lorvp.prompts.fits.resize import Resize
from lorvp.prompts.methods import vp_recipe
from lorvp.prompts.methods.base import Method
from lorvp.prompts.placements.random_square import RandomSquare
from lorvp.recipe import TrainingConfig
from lorvp.settings import Count, Differs, Origin, Symbol


class RandomPatchConfig(Method):
    """Adds a square of free values, in another place for each batch, after normalisation.

    3 p^2 values, N(0, 1) at the start.
    """

    kind: Literal["random_patch"] = "random_patch"
    width: Annotated[Count, Symbol("p")] = 30
    """Side of the square in pixels; the code's default at 224."""

    origin: ClassVar[Origin] = Origin(
        paper="VP, Bahng et al., arXiv 2203.17274",
        formula="norm(x) + delta * M_square, drawn for each batch, delta from N(0, 1)",
        recipe="VP's code (main_clip.py, main_vision.py)",
        differs=(
            Differs(
                "batches of 256 for every network, not 128 for vision networks and 32 for the "
                "Instagram ResNeXt",
            ),
            Differs(
                "one place of the square in evaluation, drawn with the seed, not a new one for "
                "each batch",
            ),
        ),
    )

    @property
    def paper(self) -> TrainingConfig:
        return vp_recipe.TRAINING

    def build(self, canvas: Canvas) -> Prompt:
        placement = RandomSquare(canvas.size, self.width)
        content = Free(placement.content_HW, std=1.0)
        return Prompt(
            Resize(canvas.size, canvas.interpolation), content, placement, space="normalised"
        )
