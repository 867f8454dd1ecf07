"""Trained linear mappings.

`fm` (full mapping; AutoVP's FullyMap, arXiv 2310.08381) reads the source logits, `lp` (linear
probing; LoR-VP's choice, arXiv 2502.00896) replaces the classifier and reads its features.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from lorvp.mappings.base import Mapping
from lorvp.mappings.settings import MappingSettings
from lorvp.networks.interface import Ends, Reads
from lorvp.recipe import cut_gradient
from lorvp.settings import Origin, Positive


class FmConfig(MappingSettings):
    """A trained matrix on the network's logits: S K + K values."""

    kind: Literal["fm"] = "fm"
    start: Literal["uniform", "identity"] = "uniform"
    """Of the weights; the bias is PyTorch's. uniform: PyTorch's too. identity: 1 from source class
    k to target class k, else 0, as in AutoVP's code for CLIP, where source class k is the first
    template of target class k."""
    largest_gradient: Positive | None = None
    """Each gradient of weights and bias is cut to it. AutoVP's code has 0.001 for CLIP, and cuts
    gradients in half precision while they are still multiplied by the loss's scale."""

    origin: ClassVar[Origin] = Origin(
        paper="AutoVP's FullyMap, ICLR 2024, arXiv 2310.08381",
        formula="z W + b",
        recipe="AutoVP's code for networks with their own classes: PyTorch's start values",
    )

    def build(self, ends: Ends) -> Linear:
        if self.start == "identity":
            ends.require_sources(self.kind)
        made = Linear("logits", ends.source_classes, ends.target_classes)
        if self.start == "identity":
            made.start_as_identity()
        for parameter in made.parameters():
            cut_gradient(parameter, self.largest_gradient)
        return made


class LpConfig(MappingSettings):
    """A trained matrix on the network's features, in place of its classifier: D K + K values."""

    kind: Literal["lp"] = "lp"
    start: Literal["uniform", "fan_out"] = "uniform"
    """uniform: PyTorch's. fan_out: He's, of the deviation sqrt(2 / K), with a bias of 0, as in
    VPT's code, whose bias of one constant for all classes is the same in a softmax."""

    origin: ClassVar[Origin] = Origin(
        paper="baseline; the mapping of LoR-VP, arXiv 2502.00896",
        formula="features W + b",
        recipe="LoR-VP's code: PyTorch's start values",
    )

    def build(self, ends: Ends) -> Linear:
        ends.require_features(self.kind)
        made = Linear("features", ends.features, ends.target_classes)
        if self.start == "fan_out":
            made.start_by_outputs()
        return made


class Linear(Mapping):
    """A weight matrix and a bias, with PyTorch's default start values unless told otherwise."""

    def __init__(self, reads: Reads, inputs: int, target_classes: int) -> None:
        super().__init__(target_classes)
        self.reads = reads
        self.linear = nn.Linear(inputs, target_classes)

    @torch.no_grad()
    def start_as_identity(self) -> None:
        """Source class k for target class k."""
        nn.init.eye_(self.linear.weight)

    @torch.no_grad()
    def start_by_outputs(self) -> None:
        """He's normal start values by the number of outputs; they are drawn anew."""
        nn.init.kaiming_normal_(self.linear.weight, mode="fan_out")
        nn.init.zeros_(self.linear.bias)

    def forward(self, outputs: Tensor) -> Tensor:
        return self.linear(outputs)
