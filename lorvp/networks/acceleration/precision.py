"""Whether a device has a precision and is fast in it, and what float32 products keep.

Not every processor multiplies bf16 numbers. On one with AVX2 and no AVX-512, torch's bf16 products
are 50 to 200 times slower than those in fp32.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
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


def why_absent(precision: Precision, device: torch.device | str) -> str | None:
    """Why ``device`` has no such precision, and would compute in IEEE fp32 without a word.

    None if it has it. Every device has fp32, and bf16 however slowly (``why_slow``).
    """
    if precision != "tf32":
        return None
    device = torch.device(device)
    if device.type != "cuda":
        return f"TF32 is a precision of NVIDIA cards, from Ampere on, and {device.type} is none"
    with _on(device):
        if torch.cuda.is_tf32_supported():
            return None
        return f"{torch.cuda.get_device_name()} has no TF32, which NVIDIA cards have from Ampere on"


def why_slow(precision: Precision, device: torch.device | str) -> str | None:
    """Why ``device`` computes far slower in ``precision`` than in fp32, or not at all.

    None if it computes well in it.
    """
    if precision != "bf16":
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
    with _on(device):
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return None
        return f"{torch.cuda.get_device_name()} has no bf16 products, says CUDA"


def _on(device: torch.device) -> AbstractContextManager[object]:
    """What torch asks of the current card is asked of ``device`` in this block."""
    return torch.cuda.device(device) if device.index is not None else nullcontext()


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
def computing_in(precision: Precision) -> Iterator[None]:
    """In this block, all products and convolutions of float32 numbers are computed as a trial in
    ``precision`` computes them, whatever was set before; behind it all is as it was.

    ``tf32`` is TF32 on a GPU: 11 of the 24 bits of each factor, sums in fp32. Otherwise it is IEEE
    fp32, with ``bf16`` too, where prompt, mapping and loss are float32 numbers. The setting belongs
    to the process, and the backward pass reads it when it runs, so that the block is to hold both.
    """
    before = [(part, part.fp32_precision) for part in (BACKENDS, *_parts())]
    compute_in(precision)
    try:
        yield
    finally:
        # The one for all comes first; parts that follow it are then left to do so.
        for part, own in before:
            if part.fp32_precision != own:
                part.fp32_precision = own


def compute_in(precision: Precision) -> None:
    """As ``computing_in``, from now on."""
    wanted = "tf32" if precision == "tf32" else "ieee"
    BACKENDS.fp32_precision = wanted
    for part in _parts():
        own = "ieee" if part in _parts_on_cpu() else wanted
        # What was set for a part, by torch.compile for one, goes before what is set for all.
        if part.fp32_precision != own:
            part.fp32_precision = own


def ieee_fp32() -> AbstractContextManager[None]:
    """In this block, products and convolutions of fp32 numbers keep all of their 24 bits.

    By default cuDNN's convolutions keep 11 (TF32), and so do matrix products where the user has
    allowed TF32.
    """
    return computing_in("fp32")


def fp32_products() -> str:
    """What fp32 means on a GPU now, in convolutions and in products of matrices."""
    words = {"tf32": "TF32", "ieee": "IEEE fp32", "none": "IEEE fp32"}
    set_to = BACKENDS.cudnn.conv.fp32_precision, BACKENDS.cuda.matmul.fp32_precision
    convolutions, products = (words.get(found, found) for found in set_to)
    if convolutions == products:
        return f"convolutions and products in {products}"
    return f"convolutions in {convolutions}, products in {products}"


def _parts() -> list[Any]:
    # cuDNN's own is that of all parts on a GPU; torch's compiler reads it for convolutions. Of
    # recurrent layers we have none, but torch's exporter refuses a setting that is not theirs too.
    cudnn = BACKENDS.cudnn
    return [cudnn, cudnn.conv, cudnn.rnn, BACKENDS.cuda.matmul, *_parts_on_cpu()]


def _parts_on_cpu() -> list[Any]:
    return [BACKENDS.mkldnn.conv, BACKENDS.mkldnn.matmul]
