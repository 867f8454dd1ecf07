"""One prompt for all images and classes, as most methods have it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from lorvp.prompts.base import Content, Fit, Placement, Prompt, Space
from lorvp.settings import Settings


class OneConfig(Settings):
    """One prompt for all."""

    kind: Literal["one"] = "one"

    def build(
        self, fit: Fit, content: Callable[[], Content], placement: Placement, space: Space
    ) -> Prompt:
        return Prompt(fit, content(), placement, space)
