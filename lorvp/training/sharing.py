"""What can share a pass through a network, and what nobody there may take from the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Reads
from lorvp.training.cached_outputs import Model
from lorvp.training.model import PromptedNetwork


def shares(model: Model) -> bool:
    """Whether others can go through the network beside this model: it uses one, and as it is."""
    return isinstance(model, PromptedNetwork) and not model.prompt.inside_network


def shared(given: Sequence[Model]) -> tuple[FrozenNetwork, Reads]:
    """The network of all models, and which of its outputs they read."""
    models = [model for model in given if isinstance(model, PromptedNetwork)]
    assert len(models) == len(given), "what has no network has no lanes to share it with"
    networks: dict[int, FrozenNetwork] = {id(model.network): model.network for model in models}
    outputs: set[Reads] = {model.mapping.reads for model in models}
    assert len(networks) == len(outputs) == 1, "lanes share one network and one of its outputs"
    return networks.popitem()[1], outputs.pop()


def captures(device: torch.device) -> bool:
    return device.type == "cuda" and torch.cuda.is_current_stream_capturing()


@contextmanager
def nothing_drawn_in_secret(lanes: int, device: torch.device) -> Iterator[None]:
    """Refuse random numbers that lanes would take from each other.

    Raises:
        RuntimeError: torch's global generator, of the host or the device, was drawn from here.
    """
    before = _global_states(device)
    yield
    if lanes > 1 and not all(map(torch.equal, _global_states(device), before)):
        raise RuntimeError(
            "a method draws from torch's global generator in its steps, which lanes share; it has "
            "to draw from `self.generator`, or to be trained alone (`inside_network`)"
        )


def _global_states(device: torch.device) -> list[Tensor]:
    of_device = [torch.cuda.get_rng_state(device)] if device.type == "cuda" else []
    return [torch.get_rng_state(), *of_device]
