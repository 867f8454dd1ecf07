"""ILM-VP's prompts: a frame around a small image, or a border added to the whole image.

Chen et al., "Understanding and Improving Visual Prompting: A Label-Mapping Perspective"
(CVPR 2023, arXiv 2211.11635). The mapping it is named for is `ilm`.

    expansive   norm(pad(x_n) + sigmoid(delta) * M_outside)     their convolutional networks
    additive    norm(x_L) + delta * M_border                    their CLIP
"""

from __future__ import annotations

from typing import ClassVar, Literal

from lorvp.prompts.base import Canvas, Prompt
from lorvp.prompts.contents.free import Free
from lorvp.prompts.contents.sigmoid import Sigmoid
from lorvp.prompts.fits.frame import Frame
from lorvp.prompts.fits.resize import Resize
from lorvp.prompts.methods.base import Method
from lorvp.prompts.placements.border import Border
from lorvp.prompts.placements.outside import Outside
from lorvp.recipe import AdamConfig, CosineConfig, MultistepConfig, SgdConfig, TrainingConfig
from lorvp.settings import Count, Origin


class IlmVpConfig(Method):
    """Puts a frame around the shrunken image, or adds a border to the whole one.

    3 (L^2 - n^2) values expansive, 6 p (H + W - 2p) additive, all zero at the start.
    """

    kind: Literal["ilm_vp"] = "ilm_vp"
    form: Literal["expansive", "additive"] = "expansive"
    """Around the image, or on it."""
    image_size: Count = 128
    """n of the expansive form in pixels: 32 for CIFAR, SVHN and GTSRB, 128 for others, of 224."""
    width: Count = 30
    """p of the additive form in pixels; SMM's Narrow and Medium are 28 and 56."""

    origin: ClassVar[Origin] = Origin(
        paper="ILM-VP, Chen et al., CVPR 2023, arXiv 2211.11635",
        formula="norm(pad(x_n) + sigmoid(delta) * M_outside), or norm(x) + delta * M_border",
        recipe="ILM-VP's code; batches of 64 for DTD and Pets are yours to write",
    )

    @property
    def paper(self) -> TrainingConfig:
        if self.form == "additive":
            return TrainingConfig(
                epochs=200,  # code
                batch_size=128,  # code: data/prepare_data.py; 64 for DTD and Pets
                optimizer=SgdConfig(momentum=0.9),  # code
                lr=40.0,  # code
                schedule=CosineConfig(),  # code: per step
            )
        return TrainingConfig(
            epochs=200,  # code
            batch_size=128,  # code; 64 for DTD, Pets and ABIDE. BLM trains this prompt with 256
            optimizer=AdamConfig(),  # code
            lr=0.01,  # code
            schedule=MultistepConfig(milestones=(0.5, 0.72), gamma=0.1),  # code
        )

    def build(self, canvas: Canvas) -> Prompt:
        if self.form == "additive":
            border = Border(canvas.size, self.width)
            content = Free(border.content_HW)
            return Prompt(
                Resize(canvas.size, canvas.interpolation), content, border, space="normalised"
            )
        placement = Outside(fit := Frame(canvas, self.image_size))
        return Prompt(fit, Sigmoid(placement.content_HW), placement, space="pixel")
