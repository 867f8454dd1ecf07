"""Gradients estimated from losses, for networks that no gradient comes through.

See `lorvp.recipe.SpsaConfig` for the formula and its source. The optimiser that takes the estimate
is torch's SGD with Nesterov's momentum.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from lorvp.prompts.base import Prompt
from lorvp.prompts.draws import Kept
from lorvp.recipe import SpsaConfig


class Estimate:
    """Moves all trained values to and fro in a step, and gives them gradients at its end.

    In a step, without gradients: ``begin``, then ``move`` and ``note`` for each of ``evaluations``,
    then ``end``. None of it waits for the device.
    """

    def __init__(
        self,
        config: SpsaConfig,
        parameters: Iterable[nn.Parameter],
        prompt: Prompt,
        generator: torch.Generator,
    ) -> None:
        self.config, self.parameters, self.prompt = config, list(parameters), prompt
        self.generator, self.evaluations = generator, config.evaluations
        self.step = torch.zeros((), device=self.parameters[0].device)
        """k, on the device; a part of the training's state."""

    def begin(self) -> None:
        """Go on to the next step, from the values as they are."""
        self.step += 1
        self._width = self.config.perturbation * self.step**-self.config.perturbation_decay
        self._start = [values.clone() for values in self.parameters]
        self._found = [torch.zeros_like(values) for values in self.parameters]
        self._kept = Kept()
        self._losses: list[Tensor] = []
        self.prompt.keep_draws(self._kept)

    def move(self, number: int) -> None:
        """Put the values where loss ``number`` is wanted: there and back in turn."""
        if number % 2 == 0:
            self._directions = [self._drawn(values) for values in self.parameters]
        width = self._width if number % 2 == 0 else -self._width
        for values, start, direction in zip(
            self.parameters, self._start, self._directions, strict=True
        ):
            values.copy_(start + width * direction)
        self._kept.look_again()

    def note(self, loss: Tensor) -> None:
        """Take the loss of where the values are."""
        self._losses.append(loss)
        if len(self._losses) % 2:
            return
        there, back = self._losses[-2:]
        slope = (there - back) / (2 * self._width * self.config.pairs)
        for found, direction in zip(self._found, self._directions, strict=True):
            found += slope / direction

    def end(self) -> Tensor:
        """Put the values back, give them their gradients, and return the mean of the losses."""
        for values, start, found in zip(self.parameters, self._start, self._found, strict=True):
            values.copy_(start)
            values.grad = found
        self.prompt.keep_draws(None)
        return torch.stack(self._losses).mean()

    def _drawn(self, like: Tensor) -> Tensor:
        """Uniform on [-1, -0.5] and [0.5, 1]."""
        size, sign = (
            torch.rand(like.shape, generator=self.generator, device=like.device, dtype=like.dtype)
            for _ in range(2)
        )
        return torch.where(sign < 0.5, -1.0, 1.0) * (1 + size) / 2
