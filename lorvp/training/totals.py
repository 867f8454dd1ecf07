"""Sums over an epoch, which stay on the device, since reading them waits for it."""

from __future__ import annotations

import torch
from torch import Tensor


class DivergedError(RuntimeError):
    """The loss is no longer a finite number."""


class Totals:
    """Losses and correct predictions of an epoch's steps."""

    def __init__(self, device: torch.device) -> None:
        self.sums = torch.zeros(2, dtype=torch.float64, device=device)
        self.good = torch.zeros((), dtype=torch.int64, device=device)
        """Number of steps before the first whose loss is infinite or NaN."""

    def begin(self) -> None:
        self.sums.zero_()
        self.good.zero_()

    def add(self, loss: Tensor, logits_BK: Tensor, labels_B: Tensor) -> None:
        """Add the loss and the number of correct predictions of a step."""
        self.sums[0] += loss * len(labels_B)
        self.sums[1] += (logits_BK.argmax(1) == labels_B).sum()
        # A sum that is once infinite or NaN is never finite again.
        self.good += self.sums[0].isfinite()

    def means(self, images: int) -> tuple[float, float]:
        """Mean loss and accuracy over ``images`` images.

        Raises:
            DivergedError: the loss of a step was infinite or not a number.
        """
        self.require_finite()
        loss, accuracy = (self.sums / images).tolist()
        return loss, accuracy

    def require_finite(self) -> None:
        """Wait for the device, and refuse a loss that is infinite or not a number.

        Raises:
            DivergedError: with the step in which it became so.
        """
        if not self.sums[0].isfinite():
            raise DivergedError(f"step {int(self.good)}: training loss {float(self.sums[0])}")
