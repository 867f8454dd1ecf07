"""Whether a device is fast in a precision, and fp32 products with all of fp32's bits.

Not every processor multiplies bf16 numbers. On one with AVX2 and no AVX-512, torch's bf16 products
are 50 to 200 times slower than those in fp32.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import Any

import torch

from lorvp.recipe import Precision

SLOW = 4.0
"""A precision is slow if it takes more than this many times as long as fp32. Devices are far from
the line: with bf16 products they take half as long, without them 50 times."""
SIDE = 256
"""Rows and columns of the matrices that are multiplied to measure this."""


class SlowPrecision(UserWarning):
    """The device of a network has no fast products in the network's precision."""


def why_slow(precision: Precision, device: torch.device | str) -> str | None:
    """Why ``device`` computes far slower in ``precision`` than in fp32, or not at all.

    None if it computes well in it.
    """
    if precision == "fp32":
        return None
    device = torch.device(device)
    return BF16.get(device.type, _by_measurement)(device)


def _on_cpu(device: torch.device) -> str | None:
    """oneDNN multiplies for torch, and knows the processor (ONEDNN_MAX_CPU_ISA included)."""
    ask: Callable[[], bool] | None = getattr(
        torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None  # absent where torch has no oneDNN
    )  # fmt: skip
    if ask is None:
        return _by_measurement(device)
    return None if ask() else "this processor has no bf16 products, says oneDNN"


def _on_cuda(device: torch.device) -> str | None:
    with torch.cuda.device(device) if device.index is not None else nullcontext():
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return None
        return f"{torch.cuda.get_device_name()} has no bf16 products, says CUDA"


@cache
def _by_measurement(device: torch.device) -> str | None:
    """Why ``device`` is slow in bf16, measured with a small product; None if it is not."""
    try:
        ratio = _seconds(torch.bfloat16, device) / _seconds(torch.float32, device)
    except (RuntimeError, TypeError) as error:  # the device has no bf16 numbers
        return f"torch multiplies no bf16 matrices on {device}: {error}"
    return f"a bf16 product takes {ratio:.0f} times as long as in fp32" if ratio > SLOW else None


def _seconds(dtype: torch.dtype, device: torch.device) -> float:
    """The time of the fastest of three products. Reading a result waits for the device."""
    a = torch.ones(SIDE, SIDE, dtype=dtype, device=device)
    times = []
    for _ in range(4):  # the first one is for warming up
        start = time.perf_counter()
        (a @ a)[0, 0].item()
        times.append(time.perf_counter() - start)
    return min(times[1:])


BF16: dict[str, Callable[[torch.device], str | None]] = {"cpu": _on_cpu, "cuda": _on_cuda}
"""What finds this out, by the kind of device."""


BACKENDS: Any = torch.backends
"""Typed as Any, since type checkers do not see its properties."""


@contextmanager
def ieee_fp32() -> Iterator[None]:
    """In this block, products and convolutions of fp32 numbers keep all of their 24 bits.

    By default cuDNN's convolutions keep 11 (TF32), and so do matrix products where the user has
    allowed TF32.
    """
    before = BACKENDS.fp32_precision
    BACKENDS.fp32_precision = "ieee"
    # Parts whose own setting was changed do not follow the global one.
    own = [(part, part.fp32_precision) for part in _parts() if part.fp32_precision != "ieee"]
    for part, _ in own:
        part.fp32_precision = "ieee"
    try:
        yield
    finally:
        for part, precision in own:
            part.fp32_precision = precision
        BACKENDS.fp32_precision = before


def fp32_products() -> str:
    """What fp32 means on a GPU now, in convolutions and in products of matrices."""
    kinds = {"convolutions": BACKENDS.cudnn.conv, "products": BACKENDS.cuda.matmul}
    words = {"tf32": "TF32", "ieee": "IEEE fp32", "none": "IEEE fp32"}
    found = {name: kind.fp32_precision for name, kind in kinds.items()}
    return ", ".join(f"{name} in {words.get(p, p)}" for name, p in found.items())


def _parts() -> list[Any]:
    on_cpu, on_gpu = BACKENDS.mkldnn, BACKENDS.cudnn
    return [on_gpu.conv, BACKENDS.cuda.matmul, on_cpu.conv, on_cpu.matmul]
