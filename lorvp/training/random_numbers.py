"""The random numbers of one training, which are its own however many are trained beside it."""

from __future__ import annotations

import torch
from torch import Tensor


class RandomNumbers:
    """Generators that go on from the state of torch's global one.

    The order of images is drawn on the host, once an epoch. What a step draws (crops, Gumbel
    noise) is drawn where it is used; on a CPU that is the same generator.
    """

    def __init__(self, device: torch.device) -> None:
        self.on_host = torch.Generator()
        self.on_host.set_state(torch.get_rng_state())
        self.on_device = self.on_host
        self._global_device = device if device.type == "cuda" else None
        if device.type not in ("cpu", "meta"):
            self.on_device = torch.Generator(device)
            self.on_device.manual_seed(torch.initial_seed())

    def state(self) -> list[Tensor]:
        """The states of all generators that this training draws from, the global ones included:
        dropout in a trained copy of a network knows no other."""
        return [generator.get_state() for generator in self.all()]

    def load_state(self, states: list[Tensor]) -> None:
        """Go on from what ``state`` returned."""
        for generator, state in zip(self.all(), states, strict=True):
            generator.set_state(state)

    def all(self) -> list[torch.Generator]:
        """The generators of this training, and then the global ones."""
        own = [self.on_host] if self.on_device is self.on_host else [self.on_host, self.on_device]
        shared = [torch.default_generator]
        if self._global_device is not None:
            index = self._global_device.index
            here = torch.cuda.current_device() if index is None else index
            shared.append(torch.cuda.default_generators[here])
        return own + shared
