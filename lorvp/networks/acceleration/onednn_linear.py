"""Frozen matrices by oneDNN where torch would take another library.

On a CPU torch multiplies float32 matrices by MKL, which knows AMD's processors less well than
oneDNN does, and in bf16 writes a layer's bias over the whole result before it multiplies. On an
EPYC (Zen 4), one thread, ViT-Tiny trains 1.15 times as fast in fp32 and 1.0 to 1.1 times in bf16
(``tests/benchmarks/linear.py``).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

KNOWN = (torch.float32, torch.bfloat16)
"""Types of number that oneDNN may have products of."""


def by_onednn(network: nn.Module) -> None:
    """Replace the linear layers of ``network``, whose weights never take a gradient.

    Subclasses stay: torch's attention reads the weights of one without calling it.
    """
    for name, module in list(network.named_modules(remove_duplicate=False)):
        if type(module) is nn.Linear:
            network.set_submodule(name, FrozenLinear(module))


class FrozenLinear(nn.Linear):
    """A linear layer with the weights of another; only its input takes a gradient."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__(layer.in_features, layer.out_features, bias=False, device="meta")
        self.weight, self.bias = layer.weight, layer.bias

    def forward(self, x: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        if torch.compiler.is_compiling() or why_by_torch(x.device, x.dtype) is not None:
            return F.linear(x, self.weight, self.bias)
        if torch.is_grad_enabled() and x.requires_grad:
            return _Product.apply(x, self.weight, self.bias)  # pyright: ignore
        return _product(x, self.weight, self.bias)


def why_by_torch(device: torch.device, dtype: torch.dtype) -> str | None:
    """Why linear layers are left to torch's own product; None where oneDNN multiplies."""
    if device.type != "cpu":
        return f"oneDNN is for CPUs, not for {device.type}"
    if dtype not in KNOWN:
        return f"oneDNN has no products in {_name(dtype)}"
    return None if _onednn_multiplies(dtype) else f"oneDNN refuses {_name(dtype)} here"


@cache
def _onednn_multiplies(dtype: torch.dtype) -> bool:
    """Ask oneDNN for a product, which it refuses in bf16 on a processor without fast bf16.

    The operation is an internal one of torch.compile, without stability guarantee.
    """
    one = torch.ones(1, 1, dtype=dtype, device="cpu")
    try:
        _product(one, one, None)
    except (AttributeError, RuntimeError):  # no such operation, or none for these numbers
        return False
    return True


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x_BI: Tensor, weight_OI: Tensor, bias_O: Tensor | None) -> Tensor:
        ctx.weight_OI = weight_OI
        return _product(x_BI, weight_OI, bias_O)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        return _product(grads[0], ctx.weight_OI.t(), None), None, None


def _product(x_BI: Tensor, weight_OI: Tensor, bias_O: Tensor | None) -> Tensor:
    return torch.ops.mkldnn._linear_pointwise(x_BI, weight_OI, bias_O, "none", [], "")
