"""Loads the frozen network from a file of weights; part of every checkpoint's code hash."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from lorvp.errors import InputError
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.manifest import Facts
from lorvp.networks.weights_file import fill, misfit


def loaded(library: Any, facts: Facts, path: Path) -> FrozenNetwork:
    """The network that ``library`` builds, with the weights in ``path``.

    Raises:
        InputError: the weights do not fit the architecture key by key.
    """
    tensors = _tensors(path, facts.architecture)
    with torch.device("meta"):  # takes no memory, whatever sizes the manifest asks for
        _require_fit(library.build(facts).state_dict(), tensors, path, facts.architecture)
    network = library.build(facts)
    fill(network, tensors, path, facts.architecture)
    return library.frozen(network, facts)


def _require_fit(own: Mapping, tensors: Mapping, path: Path, architecture: str) -> None:
    """Refuse weights that do not fit the architecture.

    Raises:
        InputError: keys, shapes or types differ, or a weight is not a number.
    """
    reason = misfit(own, tensors)
    odd = [name for name in own if not reason and own[name].dtype != tensors[name].dtype]
    lost = [name for name, tensor in tensors.items() if tensor.isnan().any()]
    if odd:
        reason = f"{odd[0]} is {tensors[odd[0]].dtype}, not {own[odd[0]].dtype}"
    elif lost and not reason:
        reason = f"{lost[0]} holds NaN"
    if reason:
        raise InputError(f"{path} does not fit {architecture}: {reason}")


def _tensors(path: Path, architecture: str) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except SafetensorError as error:
        raise InputError(f"{path} does not fit {architecture}: {error}") from error
