"""PRM: sentences weighed by how often images of their class are nearest to them.

Cai et al., "Understanding Model Reprogramming for CLIP via Decoupling Visual Prompts" (ICML 2025,
arXiv 2506.01000), the probabilistic reweighting matrix: with counts[t, a] how many training images
of class t have sentence a among the k that they are nearest to of the m of their own class,

    w[t, a] = counts[t, a] / sum over a of counts[t, a],    logit_t = sum over a of w[t, a] s(x, a)

It takes no gradient, and is counted again with the prompt as it moves. The published code counts in
the steps of the epoch before, and spends its first epoch on counting alone; here a pass counts
before each epoch, as `blm` does. A class without training images keeps 1 / m, where the published
code divides by zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

import torch
from torch import Tensor

from lorvp.mappings.base import one_hot
from lorvp.mappings.descriptions import DescriptionsFile, NearestSettings
from lorvp.mappings.similarities import Similarities, highest
from lorvp.networks.interface import Ends
from lorvp.settings import Count, Differs, Origin


class PrmConfig(NearestSettings):
    """All sentences of a class, weighed by how often images of the class are near them."""

    kind: Literal["prm"] = "prm"
    descriptions: DescriptionsFile = "data/descriptions/{dataset}_des.json"
    """Sentences that describe each class; see the README of `data/descriptions`."""
    per_class: Count = 20
    """m, sentences of each class; the published configuration's."""
    nearest: Count = 3
    """k; the published configuration's."""
    interval: Count = 1
    """Epochs from one count to the next; the published code counts in every epoch."""
    augmented: bool = False
    """Count on training images as steps see them, augmented at random, as the published code
    does."""

    origin: ClassVar[Origin] = Origin(
        paper="DVP's PRM, Cai et al., ICML 2025, arXiv 2506.01000",
        formula="sum over m of w_km s(x, a_km), w from counts of the k nearest sentences",
        recipe="DVP's code (m, k)",
        differs=(
            Differs("counts in a pass before each epoch, not in the steps of the epoch before"),
            Differs("trains from the first epoch on; the code's first epoch only counts"),
            Differs(
                "counts on training images as they are, not as augmented for training",
                only={"augmented": False},
                with_augmentation=True,
            ),
            Differs("the first sentences of each class, not as many drawn at random"),
            Differs("the user's sentences or the paper's file of them; none comes with this tool"),
        ),
    )

    def build(self, ends: Ends) -> Reweighted:
        ends.require_text(self.kind)
        paths = [*self.files.values()]
        return Reweighted(ends, paths, self.per_class, self.nearest, self.interval).counting(
            self.augmented
        )


class Reweighted(Similarities):
    """``sum over m of weight_KM similarities_BKM``; weights start as 1 / m."""

    weight_KM: Tensor

    def __init__(
        self, ends: Ends, paths: Sequence[Path], per_class: int, nearest: int, interval: int
    ) -> None:
        super().__init__(ends, paths, per_class, least=nearest)
        self.nearest, self.interval = nearest, interval
        start_KM = torch.full((ends.target_classes, per_class), 1 / per_class)
        self.register_buffer("weight_KM", start_KM)

    def due(self, epoch: int) -> bool:
        return epoch % self.interval == 0

    def count(self, outputs: Tensor, labels_B: Tensor) -> Tensor:
        """What a batch adds to counts_KM."""
        label_BK = one_hot(labels_B, self.target_classes)
        # Exact, since all terms but one are 0.
        own_BM = (self.similarities(outputs) * label_BK[:, :, None]).sum(1)
        chosen_BM = highest(own_BM, self.nearest).to(label_BK.dtype)
        return (label_BK.T @ chosen_BM).to(torch.int64)

    def refresh(self, counts_KM: Tensor) -> None:
        total_K1 = counts_KM.sum(1, keepdim=True)
        share_KM = counts_KM.double() / total_K1.clamp(min=1)
        self.weight_KM.copy_(torch.where(total_K1 > 0, share_KM, 1 / counts_KM.shape[1]))

    def forward(self, outputs: Tensor) -> Tensor:
        return self.weighted(outputs, self.weight_KM)
