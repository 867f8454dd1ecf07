"""A free value for every pixel, added after normalisation: "Full" of SMM, a watermark of BLM.

Cai et al. (SMM, arXiv 2406.03150) compare their masks with it, and Cai et al. (BLM, arXiv
2410.24018) call it watermarking. Added before normalisation instead, it is `patch_free`.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from lorvp.augmentation.settings import Augmentation
from lorvp.prompts.base import Canvas, Prompt
from lorvp.prompts.contents.free import Free
from lorvp.prompts.fits.resize import Resize
from lorvp.prompts.methods.base import Method
from lorvp.prompts.placements.everywhere import Everywhere
from lorvp.recipe import AdamConfig, MultistepConfig, TrainingConfig
from lorvp.settings import Origin


class FullConfig(Method):
    """Adds a free value to every pixel, after normalisation. 3 H W values, zero at the start."""

    kind: Literal["full"] = "full"

    origin: ClassVar[Origin] = Origin(
        paper="SMM's Full, arXiv 2406.03150; BLM's watermark, arXiv 2410.24018",
        formula="norm(x) + delta",
        recipe="BLM's and SMM's code; batches of 64 for DTD and Pets are yours to write",
    )

    @property
    def paper(self) -> TrainingConfig:
        return TrainingConfig(
            epochs=200,  # BLM's and SMM's code
            batch_size=256,  # BLM's and SMM's code; 64 for DTD and Pets
            optimizer=AdamConfig(),  # BLM's and SMM's code
            lr=0.01,  # BLM's and SMM's code
            schedule=MultistepConfig(milestones=(0.5, 0.72), gamma=0.1),  # BLM's and SMM's code
            augmentation=Augmentation(enlarge=228 / 224, flip=True),  # BLM: 228, then a crop
        )

    def build(self, canvas: Canvas) -> Prompt:
        placement = Everywhere(canvas.size)
        content = Free(placement.content_HW)
        return Prompt(
            Resize(canvas.size, canvas.interpolation), content, placement, space="normalised"
        )
