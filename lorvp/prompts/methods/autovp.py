"""AutoVP: the image scaled into the middle of the canvas, the prompt in the frame around it.

Tsao et al., "AutoVP: An Automated Visual Prompting Framework and Benchmark" (ICLR 2024,
arXiv 2310.08381). Two conventions, as in their code:

    pixel   norm(pad(x_n) + sigmoid(delta) * M)     networks with their own classes
    clip    pad(norm(x_n)) + delta * M              CLIP: free pixels have the mean colour

For CLIP their images go to 224 pixels first and from there to n; ours go to n at once. Their
dropout and their "input aware" switch do nothing and are left out.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from lorvp.errors import InputError
from lorvp.prompts.base import Canvas, Fit, Prompt
from lorvp.prompts.contents.free import Free
from lorvp.prompts.contents.sigmoid import Sigmoid
from lorvp.prompts.fits.frame import Frame
from lorvp.prompts.fits.scaled_frame import LARGEST, SMALLEST, ScaledFrame
from lorvp.prompts.methods.base import Method
from lorvp.prompts.placements.outside import Outside
from lorvp.recipe import AdamConfig, CosineConfig, MultistepConfig, SgdConfig, TrainingConfig
from lorvp.settings import Count, Differs, Origin, Symbol


class AutoVpConfig(Method):
    """Scales the image, by a fixed or a trained factor, into a frame of free values.

    3 (L^2 - n^2) values in the frame; 3 L^2 and the scale where the scale is trained.
    """

    kind: Literal["autovp"] = "autovp"
    base: Count = 128
    """Side of the image at scale 1, in pixels; the paper's 128 of 224."""
    scale: Annotated[float, Symbol("scale"), Field(ge=SMALLEST, le=LARGEST)] = 1.5
    """n = base * scale; the paper has 0.5, 1 and 1.5 (n = 64, 128, 192)."""
    train_scale: bool = False
    """Whether the scale is trained as well, from ``scale`` on (the paper's trainable resize)."""
    convention: Literal["pixel", "clip"] = "pixel"
    """pixel: colours under a sigmoid, before normalisation. clip: raw values after it."""

    origin: ClassVar[Origin] = Origin(
        paper="AutoVP, Tsao et al., ICLR 2024, arXiv 2310.08381",
        formula="norm(pad(x_n) + sigmoid(delta) * M), or pad(norm(x_n)) + delta * M for CLIP",
        recipe="AutoVP's code",
        differs=(
            Differs("200 epochs, the code's default, not the 100 of its README"),
            Differs("images shrunk as stored bytes with antialiasing, not as float tensors"),
            Differs(
                "images go to n pixels at once, not by way of 224",
                only={"convention": "clip"},
            ),
            Differs(
                "`fm` starts from zero-shot weights with gradients cut at 0.001, as the code "
                "does, only if it is told to (`start`, `largest_gradient`)",
                only={"convention": "clip"},
            ),
        ),
    )

    @property
    def paper(self) -> TrainingConfig:
        if self.convention == "clip":
            return TrainingConfig(
                epochs=200,  # code's default; its README runs 100
                batch_size=128,  # code; 64 Flowers, 32 DTD, 256 SUN
                optimizer=SgdConfig(momentum=0.9),  # code
                lr=40.0,  # code
                schedule=CosineConfig(),  # code: per step
            )
        return TrainingConfig(
            epochs=200,  # code's default; its README runs 100
            batch_size=128,  # code; 64 Flowers, 32 DTD, 256 SUN
            optimizer=AdamConfig(),  # code
            lr=0.001,  # code
            schedule=MultistepConfig(milestones=(0.5, 0.72), gamma=0.1),  # code
        )

    def build(self, canvas: Canvas) -> Prompt:
        placement = Outside(fit := self._fit(canvas))
        if self.convention == "clip":
            return Prompt(fit, Free(placement.content_HW), placement, space="normalised")
        return Prompt(fit, Sigmoid(placement.content_HW), placement, space="pixel")

    def _fit(self, canvas: Canvas) -> Fit:
        clip = self.convention == "clip"
        colour = "mean" if clip else "black"
        if self.train_scale:
            # The code cuts the gradient of the scale to 0.001 for CLIP.
            return ScaledFrame(canvas, self.base, self.scale, colour, 0.001 if clip else None)
        side = int(self.base * self.scale)
        if side < 1:
            raise InputError(f"base {self.base} times scale {self.scale} is less than a pixel")
        return Frame(canvas, side, colour)
