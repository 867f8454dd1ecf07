"""Bayesian label mapping: every source class votes for every target class, by its share.

Cai et al., "Bayesian-guided Label Mapping for Visual Reprogramming" (NeurIPS 2024,
arXiv 2410.24018): target logits are z W with z the network's own logits, not probabilities, and

    W'[s, t] = F[s, t] / (sum over t of F[s, t] + lambda)
    W [s, t] = W'[s, t] / sum over s of W'[s, t]

`blm` takes for F[s, t] how many training images of class t have their top logit at s; `blm_plus`
the sum of their probabilities of s, where s is among an image's top k.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from lorvp.mappings.base import Mapping, one_hot
from lorvp.mappings.settings import MappingSettings
from lorvp.networks.interface import Ends
from lorvp.settings import COUNTED_AS_THEY_ARE, Count, Differs, Origin, Positive


class BlmConfig(MappingSettings):
    """All source classes, weighed by counts of predictions."""

    kind: Literal["blm"] = "blm"
    smoothing: Positive = 1.0
    """lambda; the published configuration has 1."""
    interval: Count = 1
    """Epochs from one count to the next; the published code recounts before every epoch."""
    augmented: bool = False
    """Count on training images as steps see them, augmented at random, as the published code does
    where it augments."""

    origin: ClassVar[Origin] = Origin(
        paper="BLM, Cai et al., NeurIPS 2024, arXiv 2410.24018",
        formula="z W, W from counts of top predictions",
        recipe="BLM's code",
        differs=(COUNTED_AS_THEY_ARE,),
    )

    def build(self, ends: Ends) -> Bayesian:
        return Bayesian(ends, self.smoothing, self.interval).counting(self.augmented)


class BlmPlusConfig(MappingSettings):
    """All source classes, weighed by sums of probabilities."""

    kind: Literal["blm_plus"] = "blm_plus"
    smoothing: Positive = 1.0
    """lambda; the published configuration has 1."""
    interval: Count = 1
    """Epochs from one count to the next; the published code recounts before every epoch."""
    augmented: bool = False
    """Count on training images as steps see them, augmented at random, as the published code does
    where it augments."""
    share: float = Field(default=0.15, gt=0, le=1)
    """k of top k, as a share of the target classes, cut to a whole number and at least 1 (the
    published code divides by zero below 7 classes)."""

    origin: ClassVar[Origin] = Origin(
        paper="BLM+, Cai et al., NeurIPS 2024, arXiv 2410.24018",
        formula="z W, W from probabilities of the top k",
        recipe="BLM's code",
        differs=(
            COUNTED_AS_THEY_ARE,
            Differs("k is 1 at least, where the code divides by zero below 7 classes"),
        ),
    )

    def build(self, ends: Ends) -> Bayesian:
        return SoftBayesian(ends, self.smoothing, self.interval, self.share).counting(
            self.augmented
        )


class Bayesian(Mapping):
    """``outputs_BS @ weight_SK``. A class without training images gets the mean logit."""

    weight_SK: Tensor

    def __init__(self, ends: Ends, smoothing: float, interval: int) -> None:
        super().__init__(ends.target_classes)
        self.smoothing, self.interval = smoothing, interval
        nothing_SK = torch.zeros(ends.source_classes, ends.target_classes)
        self.register_buffer("weight_SK", nothing_SK.clone())
        self.refresh(nothing_SK)

    def due(self, epoch: int) -> bool:
        return epoch % self.interval == 0

    def refresh(self, counts_SK: Tensor) -> None:
        share_SK = counts_SK.double() / (counts_SK.sum(1, keepdim=True) + self.smoothing)
        total_1K = share_SK.sum(0, keepdim=True)
        uniform_SK = torch.full_like(share_SK, 1 / len(share_SK))
        weight_SK = torch.where(total_1K > 0, share_SK / total_1K, uniform_SK)
        self.weight_SK.copy_(weight_SK)

    def forward(self, outputs: Tensor) -> Tensor:
        return outputs @ self.weight_SK


class SoftBayesian(Bayesian):
    """Counts probabilities instead of top predictions."""

    def __init__(self, ends: Ends, smoothing: float, interval: int, share: float) -> None:
        super().__init__(ends, smoothing, interval)
        self.top = min(ends.source_classes, max(1, int(share * ends.target_classes)))

    def count(self, logits_BS: Tensor, labels_B: Tensor) -> Tensor:
        """What a batch adds to counts_SK: probabilities of each image's top k, per class."""
        chances_BS = logits_BS.double().softmax(1)
        top_Bk, where_Bk = chances_BS.topk(self.top, dim=1)
        kept_BS = torch.zeros_like(chances_BS).scatter(1, where_Bk, top_Bk)
        # A product of matrices rather than index_add_, whose sums on a GPU come in any order.
        return kept_BS.T @ one_hot(labels_B, self.target_classes).double()
