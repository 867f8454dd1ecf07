"""Each target class has source classes of its own: its logit is theirs, or their mean.

`identity` takes source class k for target class k, `rlm` a random one.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from lorvp.mappings.base import Mapping
from lorvp.mappings.settings import MappingSettings
from lorvp.networks.interface import Ends
from lorvp.settings import Count, Origin


class IdentityConfig(MappingSettings):
    """Source class k for target class k: arbitrary, and the weakest baseline."""

    kind: Literal["identity"] = "identity"

    origin: ClassVar[Origin] = Origin(
        paper="baseline",
        formula="z[k]",
        recipe="none",
    )

    def build(self, ends: Ends) -> Selection:
        ends.require_sources(self.kind)
        return Selection(ends.target_classes)


class RlmConfig(MappingSettings):
    """Source classes drawn at random once, with the trial's seed. Random label mapping."""

    kind: Literal["rlm"] = "rlm"
    per_target: Count = 1
    """Source classes of each target class, whose logits are averaged (AutoVP, 2310.08381)."""

    origin: ClassVar[Origin] = Origin(
        paper="baseline, as in ILM-VP, arXiv 2211.11635; several sources: AutoVP",
        formula="mean over m of z[source_km], drawn",
        recipe="none",
    )

    def build(self, ends: Ends) -> Selection:
        ends.require_sources(self.kind, self.per_target)
        drawn_S = torch.randperm(ends.source_classes)
        selection = Selection(ends.target_classes, self.per_target)
        selection.source_KM.copy_(drawn_S[: selection.source_KM.numel()].view(-1, self.per_target))
        return selection


class Selection(Mapping):
    """``mean over m of outputs_BS[:, source_KM]``; starts as the identity."""

    source_KM: Tensor

    def __init__(self, target_classes: int, per_target: int = 1) -> None:
        super().__init__(target_classes)
        start_KM = torch.arange(target_classes * per_target).view(-1, per_target)
        self.register_buffer("source_KM", start_KM)

    def forward(self, outputs: Tensor) -> Tensor:
        return outputs[:, self.source_KM].mean(2)
