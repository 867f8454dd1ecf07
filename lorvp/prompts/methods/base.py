"""What every method's settings have in common."""

from __future__ import annotations

from typing import ClassVar

from lorvp.prompts.base import Canvas, Prompt
from lorvp.recipe import TrainingConfig
from lorvp.settings import Origin, Settings


class Method(Settings):
    """A named composition of fit, content and placement."""

    origin: ClassVar[Origin]
    """Where it comes from, and where we do not follow it; tests ask every class for its own."""

    @property
    def paper(self) -> TrainingConfig | None:
        """The training settings of the method's paper, for ``training: paper``; None if there is
        no such paper."""
        return None

    def build(self, canvas: Canvas) -> Prompt:
        """The prompt with fresh start values from torch's global generator.

        Raises:
            InputError: it does not fit this canvas.
        """
        raise NotImplementedError
