"""Trained linear mappings.

`fm` (full mapping; AutoVP's FullyMap, arXiv 2310.08381) reads the source logits, `lp` (linear
probing; LoR-VP's choice, arXiv 2502.00896) replaces the classifier and reads its features.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from lorvp.mappings.base import Mapping
from lorvp.networks.interface import Ends, Reads
from lorvp.settings import Settings


class FmConfig(Settings):
    """S * K + K trained values on top of the network's own classifier."""

    kind: Literal["fm"] = "fm"

    def build(self, ends: Ends) -> Linear:
        return Linear("logits", ends.source_classes, ends.target_classes)


class LpConfig(Settings):
    """D * K + K trained values in place of the network's classifier."""

    kind: Literal["lp"] = "lp"

    def build(self, ends: Ends) -> Linear:
        ends.require_features(self.kind)
        return Linear("features", ends.features, ends.target_classes)


class Linear(Mapping):
    """A weight matrix and a bias, with PyTorch's default start values."""

    def __init__(self, reads: Reads, inputs: int, target_classes: int) -> None:
        super().__init__(target_classes)
        self.reads = reads
        self.linear = nn.Linear(inputs, target_classes)

    def forward(self, outputs: Tensor) -> Tensor:
        return self.linear(outputs)
