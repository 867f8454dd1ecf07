"""ACAVP: the image moved by a trained affine map, its colours multiplied, free pixels painted.

ACAVP (NeurIPS 2025, arXiv 2510.07823; code s-enmt/ACAVP). With x the image on its canvas
(``fits/affine.py``) and M its free pixels:

    norm(gain * x + delta * M),   gain = 6 sigmoid(g), 1 at the start,   delta = 0 at the start

Their M is found anew in each batch, as the pixels that are 0 in all of its images and channels;
ours are the pixels that the image does not reach, which are the same unless images are black there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from lorvp.augmentation.settings import Augmentation
from lorvp.prompts.base import Canvas, Prompt
from lorvp.prompts.contents.gain import Gain, Most
from lorvp.prompts.fits.affine import Affine
from lorvp.prompts.methods.base import Method
from lorvp.prompts.placements.colours import Colours
from lorvp.recipe import CosineConfig, SgdConfig, TrainingConfig, cut_gradient
from lorvp.settings import Differs, Origin, Positive, Symbol


class AcavpConfig(Method):
    """Moves the image by a trained affine map, multiplies its colours and paints what it leaves
    free.

    3 L^2 gains, 3 L^2 values for free pixels, and 7 numbers.
    """

    kind: Literal["acavp"] = "acavp"
    scale: Annotated[float, Symbol("scale"), Field(gt=0, lt=1)] = 0.73
    """Width and height of the image at the start, as a share of the canvas; the code's default."""
    most: Most = 6.0
    """The largest gain; the code's sigma_range."""
    largest_gradient: Positive | None = 0.001
    """Gradients of the affine map and of the gains are cut to it, as in the code for CLIP."""

    origin: ClassVar[Origin] = Origin(
        paper="ACAVP, NeurIPS 2025, arXiv 2510.07823",
        formula="norm(gain * affine(x) + delta * M), gain = 6 sigmoid(g), 1 at the start",
        recipe="ACAVP's code",
        differs=(
            Differs(
                "free pixels are those that the image does not reach, not those that are 0 in "
                "all images of a batch"
            ),
            Differs("one cosine over the training; the code's rate goes up and down many times"),
            Differs(
                "gradients are cut as they are, not after normalising them or by a loss scale's "
                "rest"
            ),
            Differs("no random window along the longer side of images that are not square"),
        ),
    )

    @property
    def paper(self) -> TrainingConfig:
        return TrainingConfig(
            epochs=1000,  # code's default
            batch_size=256,  # code's default
            optimizer=SgdConfig(momentum=0.9, weight_decay=0.0),  # code's defaults
            lr=40.0,  # code's default
            # Once over the training, as VP's. The code asks for it in 1000 epochs, but steps it
            # once a batch, so that the rate goes up and down again many times.
            schedule=CosineConfig(),
            augmentation=Augmentation(flip=True, trivial=True),  # code
        )

    def build(self, canvas: Canvas) -> Prompt:
        cut_at = self.largest_gradient
        way = canvas.interpolation
        fit = Affine(canvas, self.scale, interpolation=way, largest_gradient=cut_at)
        placement = Colours(fit)
        content = GainOrValue(placement.content_HW, fit.image_HW, self.most)
        cut_gradient(content.values, cut_at)
        return Prompt(fit, content, placement, space="pixel")


class GainOrValue(Gain):
    """``gain - 1`` where there is image, a free value where there is none."""

    def __init__(
        self, content_HW: Tensor, image_HW: Callable[[], Tensor], most: float = 6.0
    ) -> None:
        super().__init__(content_HW, most)
        self.image_HW = image_HW
        self.added_CHW = nn.Parameter(torch.zeros(3, *content_HW.shape))

    def forward(self) -> Tensor:
        return torch.where(self.image_HW(), super().forward(), self.added_CHW)
