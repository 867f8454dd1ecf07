"""Any content with any placement on any fit, published or not."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Literal

from lorvp.prompts.base import Canvas, Prompt, Space
from lorvp.prompts.contents import ContentConfig
from lorvp.prompts.fits import FitConfig
from lorvp.prompts.fits.resize import ResizeConfig
from lorvp.prompts.methods.base import Method
from lorvp.prompts.placements import PlacementConfig
from lorvp.prompts.placements.everywhere import EverywhereConfig
from lorvp.prompts.several import SeveralConfig
from lorvp.prompts.several.one import OneConfig
from lorvp.settings import Origin


class ComposeConfig(Method):
    """Any content with any placement on any fit.

    Low rank in adaptive regions, for one: `content: low_rank` with `placement: regions`.
    """

    kind: Literal["compose"] = "compose"
    content: ContentConfig
    """What is added."""
    placement: PlacementConfig = EverywhereConfig()
    """Where it is added."""
    fit: FitConfig = ResizeConfig()
    """How the image is laid on the canvas."""
    space: Space = "pixel"
    """Added to images in [0, 1], or after the network's normalisation."""
    several: SeveralConfig = OneConfig()
    """One prompt for all, or several with contents of their own, and which is for what."""

    origin: ClassVar[Origin] = Origin(
        paper="ours",
        formula="norm(fit(x) + content * placement), or norm(fit(x)) + content * placement",
        recipe="none: `training: paper` is refused",
    )

    def build(self, canvas: Canvas) -> Prompt:
        fit = self.fit.build(canvas)
        placement = self.placement.build(canvas, fit)
        content = partial(self.content.build, canvas, placement)
        return self.several.build(fit, content, placement, self.space)
