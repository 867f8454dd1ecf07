"""A label mapping: from the frozen network's outputs to the target classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from lorvp.errors import InputError

Reads = Literal["logits", "features"]
"""Which output of the network a mapping starts from."""


@dataclass(frozen=True)
class Widths:
    """What a mapping has to connect."""

    source_classes: int
    """S: the network's own classes."""
    features: int
    """D: what the network's classifier reads."""
    target_classes: int
    """K: the classes we adapt to."""

    def require_a_source_per_target(self, kind: str) -> None:
        """One-to-one mappings need at least as many source classes as target classes."""
        if self.source_classes < self.target_classes:
            raise InputError(
                f"mapping {kind!r} gives each of the {self.target_classes} target classes its "
                f"own source class, but the network has {self.source_classes}; use fm or lp"
            )


class Mapping(nn.Module):
    """``forward`` takes outputs_BS (or outputs_BD) and returns logits_BK."""

    reads: Reads = "logits"

    def __init__(self, target_classes: int) -> None:
        super().__init__()
        self.target_classes = target_classes

    def forward(self, outputs: Tensor) -> Tensor:
        raise NotImplementedError

    def due(self, epoch: int) -> bool:
        """Whether this mapping wants fresh prediction counts before ``epoch`` (from 0)."""
        return False

    def refresh(self, counts_SK: Tensor) -> None:
        """Take counts: how many training images of class k were predicted as source class s."""
