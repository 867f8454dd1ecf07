"""Whether two outputs are the same, by their values or, without weights, by their shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from lorvp.errors import InputError

if TYPE_CHECKING:
    from lorvp.networks.frozen import FrozenNetwork
    from lorvp.networks.manifest import Facts


def agree(one: Tensor, other: Tensor) -> bool:
    """Up to what another order of the same sums can change, of products in IEEE fp32."""
    return disagreement(one, other) is None


def disagreement(one: Tensor, other: Tensor) -> str | None:
    """How far apart they are; None if they agree."""
    if one.shape != other.shape:
        return f"{tuple(one.shape)} are not {tuple(other.shape)}"
    if one.is_meta:
        return None
    scale = float(other.abs().max())
    if torch.allclose(one, other, rtol=1e-3, atol=1e-4 * scale):
        return None
    return f"{float((one - other).abs().max()):.2g} apart, of {scale:.2g}"


def require_shape(what: str, output: Tensor, width: int, architecture: str) -> None:
    """Outputs are one row of ``width`` numbers for each image.

    Raises:
        InputError: they are not, so nothing here could use them.
    """
    if output.ndim != 2 or output.shape[1] != width:
        shape = " x ".join(str(extent) for extent in output.shape[1:])
        raise InputError(
            f"{architecture} gives {shape} {what} for an image where {width} are expected; "
            "it cannot be used as a classifier"
        )


def outputs(network: FrozenNetwork, facts: Facts, x_BCHW: Tensor) -> tuple[Tensor, Tensor]:
    """features_BD and logits_BS.

    Raises:
        InputError: one has another shape than it should have.
    """
    features_BD = network(x_BCHW, "features")
    require_shape("features", features_BD, network.features, facts.architecture)
    logits_BS = network(x_BCHW)
    require_shape("logits", logits_BS, len(facts.class_names), facts.architecture)
    return features_BD, logits_BS
