"""BatchNorm folded into the convolution before it: the same outputs, one operation less.

With fixed statistics BatchNorm multiplies each channel by ``gamma / sigma`` and adds
``beta - mu gamma / sigma``, which a convolution's own weight and bias can do.
"""

from __future__ import annotations

import copy
from typing import Any, cast

import torch
from torch import Tensor, nn

from lorvp.networks.acceleration.tracing import NORMS, Call, calls_of

PLAIN = {"Conv2d", "Conv2dSame"}
"""Convolutions, torch's and timm's, that use their weight as it is."""


def is_plain(module: nn.Module) -> bool:
    """Whether this is a convolution whose weight may be replaced."""
    return type(module).__name__ in PLAIN


def shared_copy(network: nn.Module) -> nn.Module:
    """A copy in which modules can be replaced, with the weights of the original."""
    weights = [*network.parameters(), *network.buffers()]
    return copy.deepcopy(network, {id(tensor): tensor for tensor in weights})


@torch.no_grad()
def fold(network: nn.Module, x_BCHW: Tensor) -> int:
    """Fold every BatchNorm of ``network`` that can be folded, and return their number.

    Weights are replaced and not changed, as another network may share them. The layers that the
    network calls for ``x_BCHW`` show which convolution feeds which BatchNorm.
    """
    pairs = _pairs(calls_of(network, x_BCHW))
    for conv, norm in pairs:
        own = dict(network.named_modules(remove_duplicate=False))
        scale_C = norm.weight / (norm.running_var + norm.eps).sqrt()
        bias_C = norm.bias - norm.running_mean * scale_C
        bias_C = bias_C if conv.bias is None else bias_C + conv.bias * scale_C
        conv.weight = frozen(conv.weight * scale_C[:, None, None, None], conv.weight)
        conv.bias = frozen(bias_C, bias_C)
        for name in [name for name, module in own.items() if module is norm]:
            network.set_submodule(name, _activation(norm))
    return len(pairs)


def _pairs(calls: list[Call]) -> list[tuple[Any, Any]]:
    """Plain convolutions, each with the BatchNorm that alone reads its output."""
    times, readers = {}, {}
    for call in calls:
        times[call.module] = times.get(call.module, 0) + 1
        readers.setdefault(id(call.given), []).append(call.module)
    pairs = []
    for call in calls:
        norm = (readers.get(id(call.gives)) or [None])[0]
        single = len(readers.get(id(call.gives), [])) == 1 and times[call.module] == 1
        if single and is_plain(call.module) and _is_foldable(norm) and times[norm] == 1:
            pairs.append((call.module, norm))
    return pairs


def _is_foldable(module: nn.Module | None) -> bool:
    fixed = module is not None and type(module).__name__ in NORMS
    return fixed and cast(Any, module).affine and cast(Any, module).running_mean is not None


def _activation(norm: nn.Module) -> nn.Module:
    """What takes a folded BatchNorm's place: its activation, or nothing."""
    return norm.act if hasattr(norm, "act") else nn.Identity()  # type: ignore[return-value]


def frozen(tensor: Tensor, like: Tensor) -> nn.Parameter:
    """A weight that is never trained, in the layout in memory of another one."""
    return nn.Parameter(torch.empty_like(like).copy_(tensor), requires_grad=False)
