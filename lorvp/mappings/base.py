"""A label mapping: from the frozen network's outputs to the target classes."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn

from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Reads


def one_hot(classes_B: Tensor, number: int) -> Tensor:
    """A row for each of ``classes_B`` (0 .. number - 1) with a 1.0 in its place, in float32."""
    return (classes_B[:, None] == torch.arange(number, device=classes_B.device)).float()


class Mapping(nn.Module):
    """``forward`` takes outputs_BS (or outputs_BD) and returns logits_BK."""

    reads: Reads = "logits"
    lr: float | None = None
    """Learning rate of what it trains, unless ``training`` has ``lr_mapping``; None: the prompt's
    too."""
    counts_augmented = False
    """Whether it counts on training images as steps see them, augmented at random."""

    def __init__(self, target_classes: int) -> None:
        super().__init__()
        self.target_classes = target_classes

    def counting(self, augmented: bool) -> Self:
        """This mapping, counting on augmented images or not."""
        self.counts_augmented = augmented
        return self

    def forward(self, outputs: Tensor) -> Tensor:
        raise NotImplementedError

    def attach(self, network: FrozenNetwork) -> None:
        """Called once with the network before training, for mappings that use its text encoder.

        What it finds out it keeps in buffers, since a trained mapping is loaded without it.
        """

    def due(self, epoch: int) -> bool:
        """Whether this mapping wants fresh counts over the training images before ``epoch``."""
        return False

    def count(self, outputs: Tensor, labels_B: Tensor, /) -> Tensor:
        """What a batch of the outputs that it ``reads`` adds to the counts.

        Unless a mapping has its own, counts_SK: how many images of class k have their top logit at
        source class s.
        """
        # A product of matrices in place of bincount, which waits for a GPU; whole numbers up to
        # 2^24 are exact in it.
        top_BS = one_hot(outputs.argmax(1), outputs.shape[1])
        return (top_BS.T @ one_hot(labels_B, self.target_classes)).to(torch.int64)

    def refresh(self, counts: Tensor, /) -> None:
        """Take the counts over all training images, prompted as in evaluation, and augmented if it
        ``counts_augmented``."""

    def begin_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch (from 0), after ``refresh`` if that is due."""

    def observe(self, outputs: Tensor, labels_B: Tensor) -> None:
        """Called with the outputs of each training step, for mappings that learn from them."""
