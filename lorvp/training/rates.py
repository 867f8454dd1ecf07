"""Learning rates of an epoch, which a GPU reads from a table that lies on it."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from lorvp.recipe import TrainingConfig
from lorvp.training.passes import Place


class Rates:
    """Gives each group of ``optimizer`` its learning rate before each step."""

    def __init__(
        self, config: TrainingConfig, optimizer: torch.optim.Optimizer, steps: int, epochs: int
    ) -> None:
        """``steps`` in an epoch. A group's ``lr`` is a tensor where the device reads it."""
        self.optimizer, self.steps = optimizer, steps
        self.factor = config.factor_of(epochs * steps)
        rates = [group["lr"] for group in optimizer.param_groups]
        self.base_G = [float(rate) for rate in rates]
        self.table_SG: list[list[float]] = []
        self.on_device = isinstance(rates[0], Tensor)
        if self.on_device:
            self._now_G = torch.tensor(self.base_G, device=rates[0].device)
            self._table_SG = self._now_G.repeat(steps, 1)

    def begin(self, epoch: int) -> None:
        """Lay out the rates of an epoch."""
        first = epoch * self.steps
        factors_S = [self.factor(step) for step in range(first, first + self.steps)]
        self.table_SG = [[base * factor for base in self.base_G] for factor in factors_S]
        if self.on_device:
            self._table_SG.copy_(torch.tensor(self.table_SG))
            # Each time, since an optimiser that takes back a saved state has other groups.
            self._give(self._now_G)

    def _give(self, rates_G: Iterable[float | Tensor]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates_G, strict=True):
            group["lr"] = rate

    def set(self, place: Place) -> None:
        """Give each group the rate of this step."""
        if self.on_device:
            self._now_G.copy_(self._table_SG[place.step].view(-1))
            return
        self._give(self.table_SG[int(place.step)])
