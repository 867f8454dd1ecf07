"""SMM: a free prompt over the whole image, weighed for each image by a small network.

Cai et al., "Sample-specific Masks for Visual Reprogramming-based Prompting" (ICML 2024,
arXiv 2406.03150); the weights are described in ``placements/sample_mask.py``.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from lorvp.augmentation.settings import Augmentation
from lorvp.prompts.base import Canvas, Prompt
from lorvp.prompts.contents.free import Free
from lorvp.prompts.fits.resize import Resize
from lorvp.prompts.methods.base import Method
from lorvp.prompts.placements.sample_mask import SampleMask
from lorvp.recipe import AdamConfig, MultistepConfig, TrainingConfig
from lorvp.settings import Differs, Origin, Symbol


class SmmConfig(Method):
    """Adds a free value to every pixel, weighed for each image by a small network.

    3 L^2 values, zero at the start, and 26,499 for the mask (102,339 with 6 layers).
    """

    kind: Literal["smm"] = "smm"
    layers: Literal[5, 6] = 5
    """Convolutions of the mask network: the paper's 5 for ResNets, 6 for ViT-B/32."""
    patch: Annotated[Literal[1, 2, 4, 8, 16, 32], Symbol("patch")] = 8
    """Side of the square that shares a weight, in pixels; 32 takes 6 layers."""
    colours: Literal["each", "shared"] = "each"
    """A weight for each colour, or one for all three (the paper's one-channel variant)."""

    origin: ClassVar[Origin] = Origin(
        paper="SMM, Cai et al., ICML 2024, arXiv 2406.03150",
        formula="norm(x) + delta * mask(x), mask a small network",
        recipe=(
            "SMM's code (instancewise_vp.py) for ResNets; batches of 64 for DTD and Pets are "
            "yours to write"
        ),
        differs=(
            Differs(
                "the mask's rate falls with the prompt's, not constant as for the paper's ViT",
                only={"layers": 6},
            ),
            Differs(
                "images normalised as the network was trained, not with ImageNet's mean and std",
                only={"layers": 6},
            ),
        ),
    )

    @property
    def paper(self) -> TrainingConfig:
        return TrainingConfig(
            epochs=200,  # paper
            batch_size=256,  # paper; 64 for DTD and Pets
            optimizer=AdamConfig(),  # code: one for the prompt, one for the mask
            lr=0.01,  # code
            lr_placement=0.01,  # code, for ResNets; 0.001 without drops for ViT
            schedule=MultistepConfig(milestones=(0.5, 0.72), gamma=0.1),  # code: 100 and 144
            augmentation=Augmentation(enlarge=256 / 224, flip=True),  # code: L + 32, then L
        )

    def build(self, canvas: Canvas) -> Prompt:
        placement = SampleMask(canvas.size, self.layers, self.patch, self.colours == "shared")
        content = Free(placement.content_HW)
        return Prompt(
            Resize(canvas.size, canvas.interpolation), content, placement, space="normalised"
        )
