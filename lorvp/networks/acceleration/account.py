"""The shortcuts that an engine takes, and why it does not take others: a phrase for each topic."""

from __future__ import annotations

import torch
from torch import nn

from lorvp.networks.acceleration.onednn_linear import FrozenLinear, why_by_torch
from lorvp.networks.acceleration.precision import computing_in, fp32_products, why_absent
from lorvp.networks.acceleration.stem import Split
from lorvp.networks.acceleration.tracing import NORMS
from lorvp.recipe import Precision

Account = dict[str, str]
"""Phrases by topic, such as ``{"stem": "stem split"}``; a trial's record keeps them."""

SPLIT = "stem split"


def in_a_line(account: Account) -> str:
    """All phrases of an account."""
    return "; ".join(account.values())


def norms_in(network: nn.Module) -> int:
    """The number of BatchNorms in a network."""
    return sum(type(module).__name__ in NORMS for module in network.modules())


def of_shortcuts(folded: int, norms: int, parts: Split) -> Account:
    """The account of BatchNorm and stem."""
    return {
        "folding": f"{folded} of {norms} BatchNorms folded" if norms else "no BatchNorm to fold",
        "stem": SPLIT if parts.stem else f"no stem split: {parts.why_not}",
    }


def of_products(
    network: nn.Module, device: torch.device, dtype: torch.dtype, precision: Precision
) -> Account:
    """The account of linear layers, and of all products in ``computing_in(precision)``."""
    return {
        "linear": _linear(network, device, dtype),
        "precision": str(dtype).removeprefix("torch.") + _kept(device, dtype, precision),
    }


def _kept(device: torch.device, dtype: torch.dtype, precision: Precision) -> str:
    """What is kept of float32 numbers, where that is a choice."""
    if (absent := why_absent(precision, device)) is not None:
        return f": {absent}"
    if device.type != "cuda" or dtype != torch.float32:
        return ""
    with computing_in(precision):
        return f": {fp32_products()}"


def _linear(network: nn.Module, device: torch.device, dtype: torch.dtype) -> str:
    layers = [module for module in network.modules() if isinstance(module, nn.Linear)]
    ours = sum(isinstance(module, FrozenLinear) for module in layers)
    if not layers:
        return "no linear layers"
    if (why := why_by_torch(device, dtype)) is not None:
        return f"{len(layers)} linear layers by torch: {why}"
    return f"{ours} of {len(layers)} linear layers by oneDNN"
