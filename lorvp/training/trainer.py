"""Training a prompt and a mapping around a frozen network.

``fit`` yields a record after each epoch and knows no logger: the caller decides where records go.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from lorvp.datasets.labelled_images import EVAL_BATCH, LabelledImages
from lorvp.recipe import SpsaConfig, TrainingConfig
from lorvp.training.cached_outputs import Model
from lorvp.training.epoch import Epoch, batch_sizes
from lorvp.training.evaluation import Score
from lorvp.training.lanes import Lanes
from lorvp.training.passes import Place
from lorvp.training.random_numbers import RandomNumbers
from lorvp.training.rates import Rates
from lorvp.training.spsa import Estimate
from lorvp.training.timing import Duration
from lorvp.training.totals import DivergedError, Totals


def fit(
    model: Model, train: LabelledImages, val: LabelledImages, config: TrainingConfig
) -> Iterator[Epoch]:
    """Train ``model`` in place, yielding a record after each epoch.

    Randomness starts from the state of torch's global generator: seed it before building the
    model. A model with nothing to train yields one record, so that every trial is read in the same
    way.

    Raises:
        DivergedError: the loss became infinite or not a number.
    """
    return Training(model, train, val, config).epochs()


class Training:
    """A model in training: all that is its own while it is trained, alone or beside others."""

    def __init__(
        self, model: Model, train: LabelledImages, val: LabelledImages, config: TrainingConfig
    ) -> None:
        self.model, self.train, self.val, self.config = model, train, val, config
        self.history: list[Epoch] = []
        self.random = RandomNumbers(train.device)
        model.prompt.draw_from(self.random.on_device)
        self.groups = model.parameter_groups()
        self.number = config.epochs if self.groups else 1
        self.sizes = batch_sizes(len(train), config.batch_size) if self.groups else []
        self.totals = Totals(train.device)
        self.watched: LabelledImages | None = None
        """Images on which accuracy is measured after each epoch besides, and chooses nothing."""
        self.scores: dict[str, Score] = {}
        """What was seen on images that nothing is trained on, by the name of their split."""
        self.counts_SK: Tensor | None = None
        """Counts of predictions for the mapping; see `Mapping.count`."""
        self.order_N = torch.arange(len(train), device=train.home)
        """The order of the training images in this epoch."""
        if self.groups:
            self.optimizer = config.build_optimizer(self.groups, model.mapping.lr)
            self.rates = Rates(config, self.optimizer, len(self.sizes), config.epochs)
        self.estimate = self._estimate()

    def _estimate(self) -> Estimate | None:
        """What gives the optimiser its gradients, unless they come through the network."""
        if not self.groups or not isinstance(self.config.optimizer, SpsaConfig):
            return None
        values = [each for group in self.groups.values() for each in group]
        prompt, draws = self.model.prompt, self.random.on_device
        return Estimate(self.config.optimizer, values, prompt, draws)

    @property
    def epoch(self) -> int:
        """The number of the next epoch."""
        return len(self.history)

    @property
    def over(self) -> bool:
        """Whether all epochs are done."""
        return self.epoch >= self.number

    def epochs(self) -> Iterator[Epoch]:
        """Train the epochs that are left, and yield the record of each."""
        alone = Lanes([self])
        while not self.over:
            found = alone.epoch()[self]
            if isinstance(found, Exception):
                raise found
            yield found

    def prepare(self) -> None:
        """Before the first epoch: what the prompt wants to see of the training images."""
        prompt = self.model.prompt
        if self.epoch or not prompt.looks_at:
            return
        self.model.eval()
        order_N = torch.randperm(len(self.train), generator=self.random.on_host)
        rows = order_N[: prompt.looks_at].to(self.train.home).split(EVAL_BATCH)
        prompt.prepare(self.train.batch(each) for each in rows)

    def begin(self) -> None:
        """Before an epoch: the mapping, a new order of the images, the learning rates."""
        self.model.mapping.begin_epoch(self.epoch)
        self.model.train()
        if self.groups:
            self.order_N.copy_(torch.randperm(len(self.train), generator=self.random.on_host))
            self.rates.begin(self.epoch)
        self.totals.begin()

    @property
    def lr(self) -> float:
        """The rate of the first group at this epoch's first step; 0 if nothing is trained."""
        return self.rates.table_SG[0][0] if self.groups else 0.0

    def batch(self, place: Place) -> tuple[Tensor, Tensor]:
        """images_BHWC and labels_B of a step."""
        return self.train.batch(self.order_N[place.rows])

    def step(
        self, place: Place, outputs: Tensor, logits_BK: Tensor, loss: Tensor, labels_B: Tensor
    ) -> None:
        """Move all parameters by their gradients, and note what the step saw."""
        self.rates.set(place)
        self.optimizer.step()
        self.model.mapping.observe(self.model.prompt.as_one(outputs), labels_B)
        self.totals.add(loss, logits_BK, labels_B)

    def require_finite(self) -> None:
        """Wait for the device, and refuse a loss that is infinite or not a number.

        Raises:
            DivergedError: with epoch, step and learning rate.
        """
        with self._telling_where():
            self.totals.require_finite()

    def means(self) -> tuple[float, float]:
        """Mean loss and accuracy of the epoch's steps.

        Raises:
            DivergedError: with epoch, step and learning rate.
        """
        with self._telling_where():
            return self.totals.means(len(self.train))

    def record(
        self,
        trained: tuple[float, float],
        validated: tuple[float, float],
        took: Duration,
        placement: dict[str, float],
    ) -> None:
        """End the epoch with losses and accuracies.

        Raises:
            DivergedError: the validation loss is infinite or not a number.
        """
        with self._telling_where():
            if not math.isfinite(validated[0]):
                raise DivergedError(f"validation loss {validated[0]}")
        measured = *trained, *validated, took.seconds, took.wall_seconds
        self.history.append(Epoch(self.epoch, self.lr, *measured, placement))

    @contextmanager
    def _telling_where(self) -> Iterator[None]:
        """Add the epoch and the learning rate to the error of a training that diverges."""
        try:
            yield
        except DivergedError as error:
            epoch = self.epoch
            good = f"epoch {epoch - 1} was the last good one" if epoch else "no epoch was good"
            told = f"diverged in epoch {epoch}, {error} (lr {self.lr:g}; {good})"
            raise DivergedError(told) from None

    def note(self, name: str, place: Place, outputs: Tensor, labels_B: Tensor) -> None:
        """Score a batch of the images known as ``name``."""
        self.scores[name].note(place, self.model.logits(outputs), labels_B)

    def forget_counts(self) -> None:
        """Begin to count predictions anew."""
        for counts_SK in self.counted():
            counts_SK.zero_()

    def counted(self) -> list[Tensor]:
        """The counts of predictions so far, once there are any."""
        return [] if self.counts_SK is None else [self.counts_SK]

    def show_for_counts(self) -> None:
        """Evaluation mode, but for the images' augmentation where the mapping counts with it."""
        self.model.eval()
        self.model.prompt.fit.train(self.model.mapping.counts_augmented)

    def count(self, outputs: Tensor, labels_B: Tensor) -> None:
        """Count the predictions of a batch as the mapping wants them."""
        found_SK = self.model.mapping.count(self.model.prompt.as_one(outputs), labels_B)
        if self.counts_SK is None:
            with torch.inference_mode(False):  # for it is added to in every epoch
                self.counts_SK = torch.zeros_like(found_SK)
        self.counts_SK += found_SK

    def state(self) -> dict[str, Any]:
        """All that the next epoch depends on, in plain values and tensors."""
        return {
            "history": [asdict(epoch) for epoch in self.history],
            "tensors": [tensor.detach() for tensor in self._own()],
            "optimizer": self.optimizer.state_dict() if self.groups else {},
            "random": self.random.state(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue from the ``state()`` of another object for the same trial."""
        self.history = [Epoch(**epoch) for epoch in state["history"]]
        with torch.no_grad():
            for tensor, saved in zip(self._own(), state["tensors"], strict=True):
                tensor.copy_(saved)
        if self.groups:
            self.optimizer.load_state_dict(state["optimizer"])
        self.random.load_state(state["random"])

    def _own(self) -> Iterator[Tensor]:
        """All that training changes, with what no result needs, such as counts of predictions."""
        if self.estimate is not None:
            yield self.estimate.step
        for part in (self.model.prompt, self.model.mapping):
            yield from part.parameters()
            yield from part.buffers()

    def moving(self) -> Iterator[Tensor]:
        """All tensors that a step changes and reads again."""
        yield from self._own()
        yield from (self.totals.sums, self.totals.good)
        if self.groups:
            kept = self.optimizer.state.values()
            yield from (value for of in kept for value in of.values() if isinstance(value, Tensor))
