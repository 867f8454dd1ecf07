"""BlackVIP: a prompt that a small network makes for each image, trained from losses alone.

Oh et al., "BlackVIP: Black-Box Visual Prompting for Robust Transfer Learning" (CVPR 2023,
arXiv 2303.14773; code changdaeoh/BlackVIP), after normalisation and cut to colours that there are:

    clip(x + epsilon h(x))

h is described in ``placements/generated.py``, and the training in `lorvp.recipe.SpsaConfig`.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from torch import Tensor

from lorvp.augmentation.settings import Augmentation
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Reads
from lorvp.prompts.base import Canvas, Content, Fit, Placement, Prompt
from lorvp.prompts.fits.resize import Resize
from lorvp.prompts.methods.base import Method
from lorvp.prompts.placements.generated import Generated
from lorvp.recipe import ConstantConfig, SpsaConfig, TrainingConfig
from lorvp.settings import Differs, Origin, Positive, Symbol


class BlackVipConfig(Method):
    """Adds an image that a small network makes of each image, which its recipe trains without
    gradients.

    A trigger of 29 x 7 x 7 values, and 8,928 of transposed convolutions and BatchNorm. (The code's
    trigger has 800, and 192 values do nothing: 9,920 in all.)
    """

    kind: Literal["blackvip"] = "blackvip"
    epsilon: Annotated[Positive, Symbol("eps")] = 1.0
    """The weight of what is made; the code's configuration has 1, its scripts choose it for each
    dataset."""

    origin: ClassVar[Origin] = Origin(
        paper="BlackVIP, Oh et al., CVPR 2023, arXiv 2303.14773",
        formula="clip(norm(x) + epsilon h(x)), trained by SPSA-GC",
        recipe="BlackVIP's code (configuration for ViT-B/16)",
        differs=(
            Differs("the image averaged to 7 x 7, not a frozen masked autoencoder's features"),
            Differs("epsilon is 1, where the code's scripts choose it for each dataset"),
        ),
    )

    @property
    def paper(self) -> TrainingConfig:
        return TrainingConfig(
            epochs=1000,  # configuration for ViT-B/16
            batch_size=128,  # configuration for ViT-B/16
            optimizer=SpsaConfig(),  # configuration for ViT-B/16, in all values
            lr=0.01,  # a of its SPSA parameters
            schedule=ConstantConfig(),  # code: the rate decays with a power of the step alone
            augmentation=Augmentation(crop_scale=0.08, flip=True),  # code
        )

    def build(self, canvas: Canvas) -> Prompt:
        fit = Resize(canvas.size, canvas.interpolation)
        return Clipped(fit, Level(self.epsilon), Generated(canvas.size))


class Level(Content):
    """One number for all pixels, which is not trained."""

    level_CHW: Tensor

    def __init__(self, level: float) -> None:
        super().__init__()
        self.register_buffer("level_CHW", torch.full((3, 1, 1), level), persistent=False)

    def forward(self) -> Tensor:
        return self.level_CHW


class Clipped(Prompt):
    """Adds no more than leads to black or white, in the normalised space of its network."""

    low_C11: Tensor
    high_C11: Tensor

    def __init__(self, fit: Fit, content: Content, placement: Placement) -> None:
        super().__init__(fit, content, placement, space="normalised")
        for name, bound in (("low_C11", -torch.inf), ("high_C11", torch.inf)):
            self.register_buffer(name, torch.full((3, 1, 1), bound), persistent=False)

    def attach(self, network: FrozenNetwork, reads: Reads, targets: int) -> None:
        self.low_C11 = network.normalise(torch.zeros_like(network.mean_C11))
        self.high_C11 = network.normalise(torch.ones_like(network.mean_C11))

    def added(self, canvas_BCHW: Tensor) -> Tensor:
        prompted_BCHW = canvas_BCHW + super().added(canvas_BCHW)
        return prompted_BCHW.clamp(self.low_C11, self.high_C11) - canvas_BCHW
