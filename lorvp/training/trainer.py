"""Training a prompt and a mapping around a frozen network.

``fit`` yields a record after each epoch and knows no logger: the caller decides where records go.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor

from lorvp.datasets.labelled_images import LabelledImages
from lorvp.recipe import TrainingConfig
from lorvp.training.cached_outputs import Model
from lorvp.training.epoch import DivergedError, batch_sizes, refresh_mapping, train_epoch
from lorvp.training.evaluation import measure
from lorvp.training.timing import Stopwatch


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
    """Computing time of training and of the mapping's counts, without validation; see `timing`."""
    wall_seconds: float
    """The same in wall-clock time, which other processes on the machine lengthen."""
    placement: dict[str, float] = field(default_factory=dict)
    """What the placement records of the epoch, such as the share of regions shown."""


def fit(
    model: Model, train: LabelledImages, val: LabelledImages, config: TrainingConfig
) -> Iterator[Epoch]:
    """Train ``model`` in place, yielding a record after each epoch.

    Randomness comes from torch's global generator: seed it before building the model. A model
    with nothing to train yields one record, so that every trial is read in the same way.

    Raises:
        DivergedError: the loss became infinite or not a number.
    """
    return Training(model, train, val, config).epochs()


class Training:
    """A model in training, for callers that save its state between epochs and go on from it."""

    def __init__(
        self, model: Model, train: LabelledImages, val: LabelledImages, config: TrainingConfig
    ) -> None:
        self.model, self.train, self.val, self.config = model, train, val, config
        self.history: list[Epoch] = []
        groups = model.parameter_groups()
        self.number = config.epochs if groups else 1
        self._epoch, self._moving = self._evaluate, []
        if groups:
            steps = len(batch_sizes(len(train), config.batch_size))
            self.optimizer = config.build_optimizer(groups)
            self.schedule = config.build_schedule(self.optimizer, config.epochs * steps)
            self._epoch, self._moving = self._train, [self.optimizer, self.schedule]

    def epochs(self) -> Iterator[Epoch]:
        """Train the epochs that are left, and yield the record of each."""
        while (epoch := len(self.history)) < self.number:
            self.history.append(self._epoch(epoch))
            yield self.history[-1]

    def _train(self, epoch: int) -> Epoch:
        watch = Stopwatch(self.train.device)
        lr = self.optimizer.param_groups[0]["lr"]
        refresh_mapping(self.model, self.train, epoch)
        self.model.mapping.begin_epoch(epoch)
        with _telling_where(epoch, lr):
            loss, accuracy = self._steps()
            placement = self.model.prompt.end_epoch()
            took = watch.read()
            val_loss, val_accuracy = measure(self.model, self.val)
            if not math.isfinite(val_loss):
                raise DivergedError(f"validation loss {val_loss}")
        measured = loss, accuracy, val_loss, val_accuracy, took.seconds, took.wall_seconds
        return Epoch(epoch, lr, *measured, placement)

    def _steps(self) -> tuple[float, float]:
        size = self.config.batch_size
        return train_epoch(self.model, self.train, size, self.optimizer, self.schedule)

    def _evaluate(self, epoch: int) -> Epoch:
        """The epoch of a model that has nothing to train: it only looks at its training images."""
        watch = Stopwatch(self.train.device)
        refresh_mapping(self.model, self.train, epoch)
        loss, accuracy = measure(self.model, self.train)
        took = watch.read()
        val = measure(self.model, self.val)
        return Epoch(epoch, 0.0, loss, accuracy, *val, took.seconds, took.wall_seconds)

    def state(self) -> dict[str, Any]:
        """All that the next epoch depends on, in plain values and tensors."""
        return {
            "history": [asdict(epoch) for epoch in self.history],
            "tensors": [tensor.detach() for tensor in self._tensors()],
            "moving": [part.state_dict() for part in self._moving],
            "random": _random_state(self.train.device),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue from the ``state()`` of another object for the same trial."""
        self.history = [Epoch(**epoch) for epoch in state["history"]]
        with torch.no_grad():
            for tensor, saved in zip(self._tensors(), state["tensors"], strict=True):
                tensor.copy_(saved)
        for part, saved in zip(self._moving, state["moving"], strict=True):
            part.load_state_dict(saved)
        _set_random_state(self.train.device, state["random"])

    def _tensors(self) -> Iterator[Tensor]:
        """All that training changes, with what no result needs, such as counts of predictions."""
        for part in (self.model.prompt, self.model.mapping):
            yield from part.parameters()
            yield from part.buffers()


@contextmanager
def _telling_where(epoch: int, lr: float) -> Iterator[None]:
    """Add the epoch and the learning rate to the error of a training that diverges."""
    try:
        yield
    except DivergedError as error:
        good = f"epoch {epoch - 1} was the last good one" if epoch else "no epoch was good"
        raise DivergedError(f"diverged in epoch {epoch}, {error} (lr {lr:g}; {good})") from None


def _random_state(device: torch.device) -> list[Tensor]:
    on_device = [torch.cuda.get_rng_state(device)] if device.type == "cuda" else []
    return [torch.get_rng_state(), *on_device]


def _set_random_state(device: torch.device, state: list[Tensor]) -> None:
    torch.set_rng_state(state[0])
    if device.type == "cuda":
        torch.cuda.set_rng_state(state[1], device)
