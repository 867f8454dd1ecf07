"""DVP: a frame for each cluster of classes.

"Decoupled visual prompts" (ICML 2025; code caichengyi/DecoupledVP); how prompts divide the classes
is described in ``several/by_class.py``. Each prompt is AttrVR's and ILM-VP's frame around the
image:

    norm(pad(x_n) + sigmoid(delta_i) * M)

This is their DVP-cls. Their second form, DVP-cse, has texts of three kinds for each class, made
from three questions to a language model, and a prompt for each kind.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from lorvp.augmentation.settings import Augmentation
from lorvp.prompts.base import Canvas, Prompt
from lorvp.prompts.contents.sigmoid import Sigmoid
from lorvp.prompts.fits.frame import Frame
from lorvp.prompts.methods.base import Method
from lorvp.prompts.placements.outside import Outside
from lorvp.prompts.several.base import Number
from lorvp.prompts.several.by_class import ByClassConfig
from lorvp.recipe import CosineConfig, SgdConfig, TrainingConfig
from lorvp.settings import Count, Differs, Origin, Symbol


class DvpConfig(Method):
    """Puts a frame around the image, one for each cluster of classes.

    3 (L^2 - n^2) values, times the number of prompts.
    """

    kind: Literal["dvp"] = "dvp"
    image_size: Annotated[Count, Symbol("n")] = 192
    """Side of the image in pixels; the paper's 192 of 224."""
    number: Number = 3
    """The number of prompts; the code has 3, but 2 for Food101 and UCF101 and 1 for EuroSAT."""

    origin: ClassVar[Origin] = Origin(
        paper="DVP-cls, Cai et al., ICML 2025, arXiv 2506.01000",
        formula="logit_k of norm(pad(x_n) + sigmoid(delta_c(k)) * M), c(k) the cluster of class k",
        recipe="DVP's code",
        differs=(
            Differs(
                "clusters of classes by their training images, not of the texts that describe them"
            ),
            Differs("three prompts for all, not 2 for Food101 and UCF101", only={"number": 3}),
            Differs("the form for clusters alone, not that for causes (DVP-cse)"),
            Differs("trains from the first epoch on; the code's first epoch only counts"),
        ),
    )

    @property
    def paper(self) -> TrainingConfig:
        return TrainingConfig(
            epochs=200,  # code
            batch_size=64,  # code
            optimizer=SgdConfig(momentum=0.9),  # code, one for each prompt
            lr=40.0,  # code
            schedule=CosineConfig(),  # code: per step
            augmentation=Augmentation(crop_scale=0.08, flip=True),  # code
        )

    def build(self, canvas: Canvas) -> Prompt:
        placement = Outside(fit := Frame(canvas, self.image_size))
        division = ByClassConfig(number=self.number)
        return division.build(fit, lambda: Sigmoid(placement.content_HW), placement, "pixel")
