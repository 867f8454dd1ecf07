"""AdaViPro: VP's border, shown only in the regions that each image chooses.

Yang et al. (ICIP 2024, arXiv 2403.13282); the choice is described in ``placements/regions.py``.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from lorvp.prompts.base import Canvas, Prompt
from lorvp.prompts.contents.free import Free
from lorvp.prompts.fits.resize import Resize
from lorvp.prompts.methods import vp_recipe
from lorvp.prompts.methods.base import Method
from lorvp.prompts.placements.border import Border
from lorvp.prompts.placements.product import Product
from lorvp.prompts.placements.regions import Edges, Regions
from lorvp.recipe import TrainingConfig
from lorvp.settings import Count, Differs, Origin, Positive, Symbol


class AdaViProConfig(Method):
    """Adds a border in the regions that each image chooses.

    The border's values plus 27 D + D + 2 D side^2 + 2 for the two layers that choose.
    """

    kind: Literal["adavipro"] = "adavipro"
    width: Annotated[Count, Symbol("p")] = 30
    """Pixels of border; the paper has 5 to 112, and 112 is the whole image."""
    side: Annotated[Count, Symbol("s")] = 32
    """Side of a region in pixels; 32 was best on most of the paper's datasets."""
    hidden: Count = 64
    """D, the channels between the two layers."""
    temperature: Positive = 5.0
    """tau at the start."""
    decay: float = Field(default=0.98, gt=0, le=1)
    """gamma per epoch; .98 was best of .90, .94, .98, .99 over the paper's 1000 epochs."""
    edges: Edges = "colour"
    """Whether edges are looked for in each colour or in their mean; the paper does not say."""

    origin: ClassVar[Origin] = Origin(
        paper="AdaViPro, Yang et al., ICIP 2024, arXiv 2403.13282",
        formula="norm(x) + delta * M_border * regions(x), regions 0 or 1 by Gumbel-softmax",
        recipe="VP's code, and the paper's rate of 1 for the choice",
        differs=(
            Differs(
                "no code was published; kernels, edges of each colour and hard decisions with "
                "soft gradients are our reading",
            ),
            Differs(
                "no activation between the two layers of the choice, which the paper does not "
                "mention: D changes how they are trained, not what they can choose",
            ),
        ),
    )

    @property
    def paper(self) -> TrainingConfig:
        """VP's, with the region choice's own rate from the paper."""
        return vp_recipe.TRAINING.model_copy(update={"lr_placement": 1.0})

    def build(self, canvas: Canvas) -> Prompt:
        size = canvas.size
        regions = Regions(size, self.side, self.hidden, self.temperature, self.decay, self.edges)
        placement = Product(Border(size, self.width), regions)
        content = Free(placement.content_HW, std=1.0)
        return Prompt(Resize(size, canvas.interpolation), content, placement, space="normalised")
