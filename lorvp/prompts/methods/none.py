"""No prompt: the image resized to the network's input, and nothing added."""

from __future__ import annotations

from typing import Literal

from lorvp.prompts.base import Prompt, Size
from lorvp.prompts.contents.zero import Zero
from lorvp.prompts.fits import Resize
from lorvp.prompts.placements.everywhere import Everywhere
from lorvp.settings import Settings


class NoneConfig(Settings):
    """The bare network; with `lp` it is the linear probe."""

    kind: Literal["none"] = "none"

    def build(self, size: Size) -> Prompt:
        return Prompt(Resize(size), Zero(), Everywhere(size), space="pixel")
