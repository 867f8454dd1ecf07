"""Any content with any placement: the points of the space that nobody has published."""

from __future__ import annotations

from typing import Literal

from lorvp.prompts.base import Prompt, Size, Space
from lorvp.prompts.contents import ContentConfig
from lorvp.prompts.fits import ResizeConfig
from lorvp.prompts.placements import PlacementConfig
from lorvp.prompts.placements.everywhere import EverywhereConfig
from lorvp.settings import Settings


class ComposeConfig(Settings):
    """Low rank in adaptive regions, for one: `content: low_rank` with `placement: regions`."""

    kind: Literal["compose"] = "compose"
    content: ContentConfig
    """What is added."""
    placement: PlacementConfig = EverywhereConfig()
    """Where it is added."""
    fit: ResizeConfig = ResizeConfig()
    """How the image is laid on the canvas."""
    space: Space = "pixel"
    """Added to images in [0, 1], or after the network's normalisation."""

    def build(self, size: Size) -> Prompt:
        placement = self.placement.build(size)
        content = self.content.build(placement.support_HW)
        return Prompt(self.fit.build(size), content, placement, self.space)
