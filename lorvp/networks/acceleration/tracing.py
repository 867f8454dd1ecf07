"""Which layers a network calls, in order, and with what."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

NORMS = {"BatchNorm2d", "BatchNormAct2d"}
"""torch's BatchNorm, and timm's with an activation inside."""


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a layer: a BatchNorm, or any module without modules of its own."""

    module: nn.Module
    given: Any
    gives: Any


@torch.no_grad()
def calls_of(network: nn.Module, x_BCHW: Tensor) -> list[Call]:
    """All calls of layers while the network computes ``x_BCHW``, with their tensors, which are told
    apart by identity."""
    calls: list[Call] = []
    with ExitStack() as hooks:
        for module in network.modules():
            if next(module.children(), None) is None or type(module).__name__ in NORMS:
                hooks.callback(module.register_forward_hook(_recording(calls)).remove)
        network.forward_features(x_BCHW)  # type: ignore[operator]
    return calls


def _recording(calls: list[Call]) -> Any:
    def record(module: nn.Module, given: tuple, gives: Any) -> None:
        calls.append(Call(module, given[0] if given else None, gives))

    return record
