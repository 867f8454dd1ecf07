"""What a device does at most: products of large matrices, and copies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from tests.benchmarks.gpu.case import Precision
from tests.benchmarks.gpu.watch import Timed, timed

DTYPES = {"fp32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16}


def product_rate(
    precision: Precision, device: torch.device, side: int, seconds: float = 0.3
) -> float:
    """FLOP/s in products of square matrices; ``fp32`` is IEEE's, without tensor cores."""
    a, b = (torch.randn(side, side, device=device).to(DTYPES[precision]) for _ in range(2))
    with fp32_products("tf32" if precision == "tf32" else "ieee"):
        return 2 * side**3 / timed(lambda: a @ b, seconds).seconds


def copy_rate(device: torch.device, size: int, seconds: float = 0.3) -> float:
    """Bytes per second, those that are read and those that are written, of copies on the device."""
    source = torch.ones(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    took: Timed = timed(lambda: target.copy_(source), seconds)
    return 2 * size / took.seconds


@contextmanager
def fp32_products(precision: str) -> Iterator[None]:
    """In this block, products of fp32 matrices on a GPU are computed in ``ieee`` or ``tf32``."""
    matmul = torch.backends.cuda.matmul
    before = matmul.fp32_precision
    matmul.fp32_precision = precision
    try:
        yield
    finally:
        matmul.fp32_precision = before
