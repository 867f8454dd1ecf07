"""Whether a network's outputs have the shapes of a classifier's."""

from __future__ import annotations

import torch
from torch import Tensor

from lorvp.errors import InputError
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.manifest import Facts


def require_shape(what: str, output: Tensor, width: int, architecture: str) -> None:
    """Make sure that outputs are one row of ``width`` numbers for each image.

    Raises:
        InputError: they are not, so neither a mapping nor a prompt could use them.
    """
    if output.ndim != 2 or output.shape[1] != width:
        shape = " x ".join(str(extent) for extent in output.shape[1:])
        raise InputError(
            f"{architecture} gives {shape} {what} for an image where {width} are expected; "
            "it cannot be used as a classifier"
        )


def outputs(network: FrozenNetwork, facts: Facts, x_BCHW: Tensor) -> tuple[Tensor, Tensor]:
    """The network's features_BD (none of them if only its logits are known) and logits_BS.

    Raises:
        InputError: one of them has another shape than a classifier's.
    """
    features_BD = x_BCHW.new_empty(len(x_BCHW), 0)
    if network.features:  # first, since what is wrong with them may break what reads them
        features_BD = network(x_BCHW, "features")
        require_shape("features", features_BD, network.features, facts.architecture)
    logits_BS = network(x_BCHW)
    require_shape("logits", logits_BS, len(facts.class_names), facts.architecture)
    return features_BD, logits_BS


def noise(facts: Facts) -> Tensor:
    """Two images of noise, x_BCHW."""
    generator = torch.Generator().manual_seed(0)
    return torch.rand(2, 3, *facts.input_size, generator=generator, device="cpu")
