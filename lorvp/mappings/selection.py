"""Each target class stands for one source class: its logit is that class's logit.

`identity` takes source class k for target class k. `flm` and `ilm` (Chen et al.,
"Understanding and Improving Visual Prompting: A Label-Mapping Perspective", CVPR 2023,
arXiv 2211.11635) take the source classes that the network predicts most often for each target
class: once before training, or again before every few epochs, as the prompt changes.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from lorvp.mappings.base import Mapping, Widths
from lorvp.settings import Settings


class IdentityConfig(Settings):
    """Target class k is source class k: arbitrary, and the weakest baseline."""

    kind: Literal["identity"] = "identity"

    def build(self, widths: Widths) -> Selection:
        widths.require_a_source_per_target(self.kind)
        return Selection(widths.target_classes)


class FlmConfig(Settings):
    """Frequency label mapping: counted once, with the prompt at its start values."""

    kind: Literal["flm"] = "flm"

    def build(self, widths: Widths) -> Selection:
        widths.require_a_source_per_target(self.kind)
        return Frequency(widths.target_classes, interval=None)


class IlmConfig(Settings):
    """Iterative label mapping: counted again with the current prompt."""

    kind: Literal["ilm"] = "ilm"
    interval: int = Field(default=1, ge=1)
    """Epochs from one count to the next; the published code recounts before every epoch."""

    def build(self, widths: Widths) -> Selection:
        widths.require_a_source_per_target(self.kind)
        return Frequency(widths.target_classes, self.interval)


class Selection(Mapping):
    """``outputs_BS[:, source_K]``; starts as the identity."""

    source_K: Tensor

    def __init__(self, target_classes: int) -> None:
        super().__init__(target_classes)
        self.register_buffer("source_K", torch.arange(target_classes))

    def forward(self, outputs: Tensor) -> Tensor:
        return outputs[:, self.source_K]


class Frequency(Selection):
    """A selection that follows the counts, every ``interval`` epochs or only before the first."""

    def __init__(self, target_classes: int, interval: int | None) -> None:
        super().__init__(target_classes)
        self.interval = interval

    def due(self, epoch: int) -> bool:
        return epoch == 0 if self.interval is None else epoch % self.interval == 0

    def refresh(self, counts_SK: Tensor) -> None:
        self.source_K.copy_(greedy_one_to_one(counts_SK))


def greedy_one_to_one(counts_SK: Tensor) -> Tensor:
    """The source class of each target class, source_K, from counts of predictions.

    The largest count is taken first and blocks its source and its target; ties go to the
    smallest source, then the smallest target. Target classes that are left with nothing but
    zeros (never predicted, or absent from the training images) take the unused source classes
    in index order, which is where repeated argmax over the matrix would end as well.
    """
    sources, targets = torch.nonzero(counts_SK, as_tuple=True)
    order = torch.argsort(counts_SK[sources, targets], descending=True, stable=True)
    source_of: dict[int, int] = {}
    used: set[int] = set()
    for s, t in zip(sources[order].tolist(), targets[order].tolist(), strict=True):
        if s not in used and t not in source_of:
            source_of[t] = s
            used.add(s)
    unused = (s for s in range(counts_SK.shape[0]) if s not in used)
    chosen = [source_of[t] if t in source_of else next(unused) for t in range(counts_SK.shape[1])]
    return torch.tensor(chosen, dtype=torch.int64, device=counts_SK.device)
