"""The meta device without the arithmetic that torch does there in Python.

Torch works a LayerNorm out step by step on the meta device, as if there were numbers, and so some
other operations of which only the shape is of use: most of the time that counting a transformer
takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten


class Operations(TorchDispatchMode):
    """In this block each operation of torch is run by ``run``."""

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        return self.run(func, args, kwargs or {})

    def run(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return func(*args, **kwargs)


class ShapesAlone(Operations):
    """In this block, what has the shape of what it is given is not worked out on the meta device.

    Tensors of other devices are computed as ever, and what does not fit is torch's to refuse.
    """

    def run(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        by_shape = BY_SHAPE.get(func)
        shaped = by_shape(*args, **kwargs) if by_shape and args[0].is_meta else None
        return func(*args, **kwargs) if shaped is None else shaped


class Undrawn(Operations):
    """In this block no random start values are drawn, for what is only asked how many it has."""

    def run(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return args[0] if func in DRAWS else func(*args, **kwargs)


DRAWS = {aten.uniform_.default, aten.normal_.default}


def _as_first(first: Tensor, *_: object, **__: object) -> Tensor:
    return torch.empty_like(first)


def _as_second(_: Tensor, second: Tensor, *__: object, **___: object) -> Tensor:
    return torch.empty_like(second)


def _itself(first: Tensor, *_: object, **__: object) -> Tensor:
    return first


def _in_one_piece(first: Tensor, *_: object) -> Tensor:
    return torch.empty_like(first, memory_format=torch.contiguous_format)


def _of_two(first: Tensor, second: object, **_: object) -> Tensor | None:
    alike = isinstance(second, Tensor) and _layout(first) == _layout(second)
    return torch.empty_like(first) if alike else None


def _layout(tensor: Tensor) -> tuple[object, ...]:
    return tensor.shape, tensor.stride(), tensor.dtype, tensor.device


def _scaled(first: Tensor, _: object) -> Tensor | None:
    # Whole numbers may become others.
    return torch.empty_like(first) if first.is_floating_point() else None


def _of_a_product(bias: Tensor, left: Tensor, right: Tensor, **_: object) -> Tensor | None:
    fit = left.shape[1] == right.shape[0] and bias.shape == right.shape[1:]
    return left.new_empty(left.shape[0], right.shape[1]) if fit else None


def _of_fixed_statistics(
    x: Tensor, weight: Tensor | None, _: object, __: object, ___: object, training: bool, *____: Any
) -> tuple[Tensor, ...] | None:
    """Of BatchNorm in evaluation mode, which keeps no statistics of the batch."""
    if training or weight is None or weight.shape != x.shape[1:2]:
        return None
    return torch.empty_like(x), x.new_empty(0), x.new_empty(0)


def _of_a_norm(x: Tensor, normalised: Sequence[int], *_: object) -> tuple[Tensor, ...] | None:
    """With the mean and the scale of each group, which are kept for the way back."""
    dims = len(normalised)
    if list(x.shape[-dims:]) != list(normalised):
        return None
    groups = [*x.shape[:-dims], *[1] * dims]
    return _in_one_piece(x), x.new_empty(groups), x.new_empty(groups)


def _back_through_a_norm(
    _: Tensor, x: Tensor, __: object, ___: Tensor, ____: Tensor, *rest: Any
) -> tuple[Tensor | None, ...]:
    """``rest``: weight, bias, and for which of the three a gradient is wanted."""
    weight, bias, wanted = rest
    pairs = zip((x, weight, bias), wanted, strict=True)
    return tuple(torch.empty_like(of) if asked else None for of, asked in pairs)


BY_SHAPE: Mapping[object, Callable[..., Any]] = {
    aten.native_layer_norm.default: _of_a_norm,
    aten.native_layer_norm_backward.default: _back_through_a_norm,
    aten.native_batch_norm.default: _of_fixed_statistics,
    aten.gelu.default: _as_first,
    aten.gelu_backward.default: _as_second,
    aten.threshold_backward.default: _as_first,
    aten._softmax.default: _in_one_piece,
    aten._safe_softmax.default: _in_one_piece,
    aten._softmax_backward_data.default: _in_one_piece,
    aten.addmm.default: _of_a_product,
    aten.add.Tensor: _of_two,
    aten.mul.Tensor: _of_two,
    aten.mul.Scalar: _scaled,
    aten.roll.default: _in_one_piece,
    aten.clamp_.default: _itself,
    aten.erfinv_.default: _itself,
    aten.uniform_.default: _itself,
}
"""What each operation gives, from what it is given; None where torch has to say."""
