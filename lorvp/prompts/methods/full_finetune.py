"""Full fine-tuning: the baseline that trains every weight instead of a prompt.

The frozen network is shared by trials and stays frozen: a copy of it is trained and becomes a
part of the trial. As in ILM-VP's code (arXiv 2211.11635) it runs in training mode, so that
BatchNorm's statistics follow. With a selecting mapping the classifier is kept and trained, as
there; with `lp` a new one takes its place.
"""

from __future__ import annotations

import copy
from contextlib import nullcontext
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from lorvp.augmentation.settings import Augmentation
from lorvp.networks.frozen import FrozenNetwork, read
from lorvp.networks.interface import Reads
from lorvp.prompts.base import Canvas, Prompt
from lorvp.prompts.contents.zero import Zero
from lorvp.prompts.fits.resize import Resize
from lorvp.prompts.methods.base import Method
from lorvp.prompts.placements.everywhere import Everywhere
from lorvp.recipe import AdamConfig, CosineConfig, TrainingConfig
from lorvp.settings import Differs, Origin


class FullFinetuneConfig(Method):
    """Trains a copy of the network instead of a prompt.

    As many values as the network has weights.
    """

    kind: Literal["full_finetune"] = "full_finetune"

    origin: ClassVar[Origin] = Origin(
        paper="baseline",
        formula="another network(norm(x)), all weights trained",
        recipe="ILM-VP's code",
        differs=(Differs("test images as in evaluation, not cropped and flipped as in training"),),
    )

    @property
    def paper(self) -> TrainingConfig:
        return TrainingConfig(
            epochs=200,  # ILM-VP's code
            batch_size=128,  # ILM-VP's code
            optimizer=AdamConfig(weight_decay=5e-4),  # ILM-VP's code
            lr=1e-4,  # ILM-VP's code
            schedule=CosineConfig(),  # ILM-VP's code
            augmentation=Augmentation(enlarge=256 / 224, flip=True),  # ILM-VP's code: 256, then 224
        )

    def build(self, canvas: Canvas) -> Prompt:
        return FineTuned(Resize(canvas.size, canvas.interpolation))


class FineTuned(Prompt):
    """Nothing is added to the image; ``network`` is the trained copy."""

    inside_network = True
    network: nn.Module

    def __init__(self, fit: Resize) -> None:
        super().__init__(fit, Zero(), Everywhere(fit.size), space="pixel")

    def attach(self, network: FrozenNetwork, reads: Reads, targets: int) -> None:
        """Copy the weights, without the classifier if only features are read."""
        self.network = copy.deepcopy(network.original).requires_grad_(True)
        if reads == "features":
            self.network.reset_classifier(0)  # type: ignore[operator]

    def run(
        self, network: FrozenNetwork, canvas_BCHW: Tensor, added_BCHW: Tensor, reads: Reads
    ) -> Tensor:
        # Weights that are trained stay in fp32, whatever the precision of frozen ones.
        low = network.dtype == torch.bfloat16
        device = canvas_BCHW.device.type
        with torch.autocast(device, torch.bfloat16) if low else nullcontext():
            outputs = read(self.network, network.normalise(canvas_BCHW), reads)
        return outputs.to(canvas_BCHW.dtype)

    def account(self, network: FrozenNetwork) -> dict[str, str]:
        low = network.dtype == torch.bfloat16
        words = "bfloat16 under autocast, with weights in float32" if low else "as it is"
        return {"network": f"a copy that is trained, {words}; nothing folded or split"}
