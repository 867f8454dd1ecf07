"""EVP: raw values in the frame around a smaller image, moved by steps of one length.

Wu et al., "Unleashing the Power of Visual Prompting at the Pixel Level" (TMLR 2024,
arXiv 2212.10556): norm(pad(x_n) + delta * M_border), no sigmoid and no clamp. Their step divides
the gradient by its norm over the whole canvas, the image's pixels included, and only then
keeps the border's part; with `optimizer: normalised_gradient` ours does the same.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from torch import Tensor

from lorvp.augmentation.settings import Augmentation
from lorvp.prompts.base import Canvas, Prompt
from lorvp.prompts.contents.free import Free
from lorvp.prompts.fits.cover import Cover
from lorvp.prompts.methods.base import Method
from lorvp.prompts.placements.outside import Outside
from lorvp.recipe import CosineConfig, NormalisedGradientConfig, TrainingConfig
from lorvp.settings import Count, Differs, Origin, Symbol


class EvpConfig(Method):
    """Puts a frame of raw values around the image, which its recipe moves by normalised
    gradients.

    3 (L^2 - n^2) values, zero at the start.
    """

    kind: Literal["evp"] = "evp"
    image_size: Annotated[Count, Symbol("n")] = 164
    """Side of the image in pixels; 164 of 224 was best in the paper."""

    origin: ClassVar[Origin] = Origin(
        paper="EVP, Wu et al., TMLR 2024, arXiv 2212.10556",
        formula="norm(pad(x_n) + delta * M_border), steps of lr g / |g|",
        recipe="EVP's code (main.py)",
        differs=(Differs("the rate falls at each step, not once an epoch"),),
    )

    @property
    def paper(self) -> TrainingConfig:
        return TrainingConfig(
            epochs=1000,  # code
            batch_size=256,  # code
            optimizer=NormalisedGradientConfig(),  # paper
            lr=70.0,  # code
            schedule=CosineConfig(),  # code steps it once an epoch, we at each of its steps
            augmentation=Augmentation(flip=True),  # code; its random crop belongs to the fit
        )

    def build(self, canvas: Canvas) -> Prompt:
        placement = Outside(fit := Cover(canvas, self.image_size))
        return NormedPrompt(fit, Free(placement.content_HW), placement, space="pixel")


class NormedPrompt(Prompt):
    """Stores with its values the norm of the gradient over the whole canvas."""

    def added(self, canvas_BCHW: Tensor) -> Tensor:
        added_1CHW = super().added(canvas_BCHW)
        if added_1CHW.requires_grad:
            added_1CHW.register_hook(self._note_norm)
        return added_1CHW

    def _note_norm(self, gradient_1CHW: Tensor) -> None:
        for values in self.content.parameters():
            values.whole_norm = gradient_1CHW.norm()  # type: ignore[attr-defined]
