"""A label mapping: from the frozen network's outputs to the target classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from lorvp.errors import InputError
from lorvp.networks.outline import Reads

if TYPE_CHECKING:
    from lorvp.networks.frozen import FrozenNetwork


@dataclass(frozen=True)
class Ends:
    """What a mapping has to connect."""

    source_names: tuple[str, ...]
    """Of the network's own classes, in the order of its logits."""
    features: int
    """D: the width of what the network's classifier reads."""
    target_names: tuple[str, ...]
    """Of the classes we adapt to."""
    text: bool = False
    """Whether the network has a text encoder."""

    @property
    def source_classes(self) -> int:
        """S."""
        return len(self.source_names)

    @property
    def target_classes(self) -> int:
        """K."""
        return len(self.target_names)

    def require_sources(self, kind: str, per_target: int = 1) -> None:
        """Mappings that give every target class source classes of its own need enough of them."""
        needed = per_target * self.target_classes
        if self.source_classes < needed:
            own = "its own source class" if per_target == 1 else f"{per_target} source classes"
            raise InputError(
                f"mapping {kind!r} gives each of the {self.target_classes} target classes "
                f"{own}, but the network has {self.source_classes}; use fm or lp"
            )

    def require_text(self, kind: str) -> None:
        """Mappings that read class names need a network that reads text."""
        if not self.text:
            raise InputError(
                f"mapping {kind!r} compares class names through the network's text encoder, "
                "and this network has none; it takes a CLIP-like one"
            )


class Mapping(nn.Module):
    """``forward`` takes outputs_BS (or outputs_BD) and returns logits_BK."""

    reads: Reads = "logits"

    def __init__(self, target_classes: int) -> None:
        super().__init__()
        self.target_classes = target_classes

    def forward(self, outputs: Tensor) -> Tensor:
        raise NotImplementedError

    def attach(self, network: FrozenNetwork) -> None:
        """Take what is needed of the network itself, such as embeddings of class names."""

    def due(self, epoch: int) -> bool:
        """Whether this mapping wants fresh counts over the training images before ``epoch``."""
        return False

    def count(self, logits_BS: Tensor, labels_B: Tensor) -> Tensor:
        """What a batch adds to counts_SK: how many images of class k have their top logit at s."""
        s, k = logits_BS.shape[1], self.target_classes
        pairs_B = logits_BS.argmax(1) * k + labels_B
        return torch.bincount(pairs_B, minlength=s * k).view(s, k)

    def refresh(self, counts_SK: Tensor) -> None:
        """Take the counts of all training images, prompted as they would be at a test."""

    def begin_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch (from 0), after any ``refresh``."""

    def observe(self, outputs: Tensor, labels_B: Tensor) -> None:
        """See a training step's own outputs, for mappings that learn from them."""
