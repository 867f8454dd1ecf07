"""No prompt: the image resized to the network's input, and nothing added."""

from __future__ import annotations

from typing import ClassVar, Literal

from lorvp.prompts.base import Canvas, Prompt
from lorvp.prompts.contents.zero import Zero
from lorvp.prompts.fits.resize import Resize
from lorvp.prompts.methods.base import Method
from lorvp.prompts.placements.everywhere import Everywhere
from lorvp.recipe import AdamConfig, MultistepConfig, TrainingConfig
from lorvp.settings import Origin


class NoneConfig(Method):
    """Adds nothing: the network as it is."""

    kind: Literal["none"] = "none"

    origin: ClassVar[Origin] = Origin(
        paper="baseline; with `lp` the linear probe",
        formula="norm(x)",
        recipe=(
            "ILM-VP's code (its linear probe); batches of 64 for DTD and Pets are yours to write"
        ),
    )

    @property
    def paper(self) -> TrainingConfig:
        """The linear probe of ILM-VP's code (arXiv 2211.11635)."""
        return TrainingConfig(
            epochs=200,  # ILM-VP's code
            batch_size=128,  # ILM-VP's code; 64 for DTD, Pets and ABIDE
            optimizer=AdamConfig(),  # ILM-VP's code
            lr=0.1,  # ILM-VP's code
            schedule=MultistepConfig(milestones=(0.5, 0.72), gamma=0.1),  # ILM-VP's code
        )

    def build(self, canvas: Canvas) -> Prompt:
        return Prompt(
            Resize(canvas.size, canvas.interpolation),
            Zero(),
            Everywhere(canvas.size),
            space="pixel",
        )
