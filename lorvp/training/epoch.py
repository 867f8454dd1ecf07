"""One epoch: the mapping's counts where they are due, then a pass over the images in steps."""

from __future__ import annotations

import functools
import operator

import torch
from torch import Tensor
from torch.nn import functional as F

from lorvp.datasets.labelled_images import LabelledImages
from lorvp.training.cached_outputs import Model


class DivergedError(RuntimeError):
    """The loss is no longer a finite number."""


def train_epoch(
    model: Model,
    train: LabelledImages,
    batch_size: int,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> tuple[float, float]:
    """One pass over the images in a new order; mean loss and accuracy over the pass.

    Raises:
        DivergedError: the loss became infinite or not a number.
    """
    model.train()
    totals = _Totals(train.labels_N.device)
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
            model.mapping.observe(outputs, labels_B)
            totals.add(loss, logits_BK, labels_B)
    return totals.means(len(train))


class _Totals:
    """Sums over an epoch. They stay on the device, since reading them waits for it."""

    STEPS = 16
    """Steps after which the loss is checked again on a GPU; a CPU checks it in each step."""

    def __init__(self, device: torch.device) -> None:
        self.every = 1 if device.type == "cpu" else self.STEPS
        self.sums = torch.zeros(2, dtype=torch.float64, device=device)
        self.good = torch.zeros((), dtype=torch.int64, device=device)
        """Number of steps before the first whose loss is infinite or NaN."""
        self.steps = 0

    def add(self, loss: Tensor, logits_BK: Tensor, labels_B: Tensor) -> None:
        """Add the loss and the number of correct predictions of a step."""
        self.sums[0] += loss * len(labels_B)
        self.sums[1] += (logits_BK.argmax(1) == labels_B).sum()
        # A sum that is once infinite or NaN is never finite again.
        self.good += self.sums[0].isfinite()
        self.steps += 1
        if self.steps % self.every == 0:
            self._require_finite()

    def means(self, images: int) -> tuple[float, float]:
        """Mean loss and accuracy over ``images`` images."""
        self._require_finite()
        loss, accuracy = (self.sums / images).tolist()
        return loss, accuracy

    def _require_finite(self) -> None:
        if not self.sums[0].isfinite():
            raise DivergedError(f"step {int(self.good)}: training loss {float(self.sums[0])}")


def refresh_mapping(model: Model, train: LabelledImages, epoch: int) -> None:
    """Give the mapping fresh counts where it asks for them before ``epoch``."""
    if model.mapping.due(epoch):
        model.mapping.refresh(count_predictions(model, train))


@torch.inference_mode()
def count_predictions(model: Model, images: LabelledImages) -> Tensor:
    """counts_SK of the mapping: how many images of target class k the prompted network takes for
    source class s, unless the mapping counts otherwise.

    Batches are counted one by one, so that no logits have to be stored.
    """
    model.eval()
    batches = (
        model.mapping.count(model.source_logits(x_BHWC), y_B) for x_BHWC, y_B in images.batches()
    )
    return functools.reduce(operator.iadd, batches)


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
