"""Training a prompt and a mapping around a frozen network, and measuring them.

``fit`` is a generator of epoch records and knows no logger: the caller decides where records
go.
"""

from __future__ import annotations

import functools
import math
import operator
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lorvp.datasets.prepared import LabelledImages
from lorvp.model import PromptedNetwork
from lorvp.optimisation import TrainingConfig
from lorvp.remembered import MappingAlone

Model = PromptedNetwork | MappingAlone
"""What is trained and measured: all of it, or the mapping on outputs that were kept."""


class DivergedError(RuntimeError):
    """The loss is no longer a finite number."""


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave. Accuracies are shares in 0..1, losses mean cross-entropies in nats."""

    epoch: int
    """From 0."""
    lr: float
    """Of the content group (or the first there is) at the epoch's first step."""
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    seconds: float
    """Training time, with the mapping's counts and without validation."""
    placement: dict[str, float] = field(default_factory=dict)
    """What the placement tells of the epoch, such as the share of regions shown."""


@dataclass(frozen=True)
class Predictions:
    """A model's answers for N images: class with the largest logit, its probability, the loss."""

    predicted_N: Tensor
    confidence_N: Tensor
    loss_N: Tensor

    def accuracy(self, labels_N: Tensor) -> float:
        return float((self.predicted_N == labels_N).double().mean())


def fit(
    model: Model, train: LabelledImages, val: LabelledImages, config: TrainingConfig
) -> Iterator[Epoch]:
    """Train ``model`` in place, yielding a record after each epoch.

    Randomness comes from torch's global generator: seed it before building the model. A model
    with nothing to train yields one record, so that every trial is read in the same way.

    Raises:
        DivergedError: the loss became infinite or not a number; names the epoch.
    """
    groups = model.parameter_groups()
    if not groups:
        yield _epoch_without_training(model, train, val)
        return
    steps = len(batch_sizes(len(train), config.batch_size))
    optimizer = config.build_optimizer(groups)
    schedule = config.build_schedule(optimizer, config.epochs * steps)
    for epoch in range(config.epochs):
        start = time.perf_counter()
        lr = optimizer.param_groups[0]["lr"]
        refresh_mapping(model, train, epoch)
        model.mapping.begin_epoch(epoch)
        loss, accuracy = train_epoch(model, train, config.batch_size, optimizer, schedule)
        placement = model.prompt.end_epoch()
        seconds = time.perf_counter() - start
        val_loss, val_accuracy = _measure(model, val)
        if not math.isfinite(loss + val_loss):
            losses = f"training loss {loss}, validation loss {val_loss}"
            raise DivergedError(f"diverged in epoch {epoch} (lr {lr:g}): {losses}")
        yield Epoch(epoch, lr, loss, accuracy, val_loss, val_accuracy, seconds, placement)


def train_epoch(
    model: Model,
    train: LabelledImages,
    batch_size: int,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> tuple[float, float]:
    """One pass over the images in a new order; mean loss and accuracy over the pass."""
    model.train()
    totals = torch.zeros(2, dtype=torch.float64, device=train.labels_N.device)
    for rows in torch.randperm(len(train)).split(batch_sizes(len(train), batch_size)):
        images_BHWC, labels_B = train.batch(rows)
        outputs = model.outputs(images_BHWC)
        logits_BK = model.mapping(outputs)
        loss = F.cross_entropy(logits_BK, labels_B)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            # Summed on the device and read once an epoch: reading waits for the device.
            model.mapping.observe(outputs, labels_B)
            totals[0] += loss * len(rows)
            totals[1] += (logits_BK.argmax(1) == labels_B).sum()
    loss, accuracy = (totals / len(train)).tolist()
    return loss, accuracy


def refresh_mapping(model: Model, train: LabelledImages, epoch: int) -> None:
    """Give the mapping fresh counts where it asks for them before ``epoch``."""
    if model.mapping.due(epoch):
        model.mapping.refresh(count_predictions(model, train))


@torch.inference_mode()
def count_predictions(model: Model, images: LabelledImages) -> Tensor:
    """counts_SK of the mapping: as a rule, how many images of target class k the network,
    prompted, calls s.

    Counted batch by batch; the logits are never kept.
    """
    model.eval()
    batches = (
        model.mapping.count(model.source_logits(x_BHWC), y_B) for x_BHWC, y_B in images.batches()
    )
    return functools.reduce(operator.iadd, batches)


@torch.inference_mode()
def predict(model: nn.Module, images: LabelledImages) -> Predictions:
    """The answer of a model from images_BHWC to logits, for every image in order."""
    model.eval()
    answers = [_answers(model(x_BHWC), y_B) for x_BHWC, y_B in images.batches()]
    return Predictions(*(torch.cat(column) for column in zip(*answers, strict=True)))


def _answers(logits_BK: Tensor, labels_B: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    confidence_B, predicted_B = logits_BK.softmax(1).max(1)
    return predicted_B, confidence_B, F.cross_entropy(logits_BK, labels_B, reduction="none")


def _measure(model: Model, images: LabelledImages) -> tuple[float, float]:
    answers = predict(model, images)
    return float(answers.loss_N.double().mean()), answers.accuracy(images.labels_N)


def _epoch_without_training(model: Model, train: LabelledImages, val: LabelledImages) -> Epoch:
    start = time.perf_counter()
    refresh_mapping(model, train, 0)
    loss, accuracy = _measure(model, train)
    seconds = time.perf_counter() - start
    return Epoch(0, 0.0, loss, accuracy, *_measure(model, val), seconds)


def batch_sizes(images: int, batch_size: int) -> list[int]:
    """Batches of ``batch_size`` and a rest; a rest of one image joins the batch before it, since
    BatchNorm in a trained part of the prompt has no variance to take from it."""
    whole, rest = divmod(images, batch_size)
    sizes = [batch_size] * whole
    if rest == 1 and whole:
        sizes[-1] += 1
    elif rest:
        sizes.append(rest)
    return sizes
