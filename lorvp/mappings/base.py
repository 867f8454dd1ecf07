"""A label mapping: from the frozen network's outputs to the target classes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Reads


class Mapping(nn.Module):
    """``forward`` takes outputs_BS (or outputs_BD) and returns logits_BK."""

    reads: Reads = "logits"

    def __init__(self, target_classes: int) -> None:
        super().__init__()
        self.target_classes = target_classes

    def forward(self, outputs: Tensor) -> Tensor:
        raise NotImplementedError

    def attach(self, network: FrozenNetwork) -> None:
        """Called once with the network before training, for mappings that use its text encoder."""

    def due(self, epoch: int) -> bool:
        """Whether this mapping wants fresh counts over the training images before ``epoch``."""
        return False

    def count(self, logits_BS: Tensor, labels_B: Tensor) -> Tensor:
        """What a batch adds to counts_SK: how many images of class k have their top logit at s."""
        s, k = logits_BS.shape[1], self.target_classes
        pairs_B = logits_BS.argmax(1) * k + labels_B
        return torch.bincount(pairs_B, minlength=s * k).view(s, k)

    def refresh(self, counts_SK: Tensor) -> None:
        """Take the counts over all training images, prompted as in evaluation."""

    def begin_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch (from 0), after ``refresh`` if that is due."""

    def observe(self, outputs: Tensor, labels_B: Tensor) -> None:
        """Called with the outputs of each training step, for mappings that learn from them."""
