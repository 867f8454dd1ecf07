"""One epoch: the record of it, and the batches that it is made of."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Epoch:
    """Record of one epoch. Accuracies are shares in 0..1, losses mean cross-entropies in nats."""

    epoch: int
    """Number of the epoch, from 0."""
    lr: float
    """Learning rate of the content (or else of the first group) at the epoch's first step."""
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    seconds: float
    """Computing time of training and of the mapping's counts, without validation; see `timing`.
    Trials that are trained together share it equally."""
    wall_seconds: float
    """The same in wall-clock time, which other processes on the machine lengthen, and which trials
    that are trained together each have in full."""
    placement: dict[str, float] = field(default_factory=dict)
    """What the placement records of the epoch, such as the share of regions shown."""


def batch_sizes(images: int, batch_size: int) -> list[int]:
    """Full batches and a rest. A rest of one image joins the batch before it, since BatchNorm in
    a trained part of the prompt cannot take a variance from one image."""
    whole, rest = divmod(images, batch_size)
    sizes = [batch_size] * whole
    if rest == 1 and whole:
        sizes[-1] += 1
    elif rest:
        sizes.append(rest)
    return sizes
