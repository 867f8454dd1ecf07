"""How long work takes, how much memory, and which kernels take most of the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.benchmark import Timer

Action = Callable[[], object]


@dataclass(frozen=True)
class Timed:
    """Seconds by the clock."""

    first: float
    """Of the first call, with what compiles, captures or picks kernels."""
    seconds: float
    """Median of the later calls."""
    calls: int


def timed(work: Action, seconds: float) -> Timed:
    """Call ``work`` once, and then for at least ``seconds``; torch's Timer waits for the GPU."""
    start = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    first = time.perf_counter() - start
    found = Timer("work()", globals={"work": work}).blocked_autorange(min_run_time=seconds)
    return Timed(first, found.median, len(found.times) * found.number_per_run)


def copy_rate(device: torch.device, size: int, seconds: float = 0.3) -> float:
    """Bytes per second, those that are read and those that are written, of copies on the device."""
    source = torch.ones(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return 2 * size / timed(lambda: target.copy_(source), seconds).seconds


def top_kernels(work: Action, on_gpu: bool, number: int = 10) -> list[dict[str, Any]]:
    """The kernels (on a CPU: operations) with the most time in ``work``, and their shares in it."""
    activities = [ProfilerActivity.CUDA if on_gpu else ProfilerActivity.CPU]
    with profile(activities=activities, acc_events=True) as found:
        work()
        if on_gpu:
            torch.cuda.synchronize()
    wanted = "CUDA" if on_gpu else "CPU"
    # Annotations such as an optimiser's stand for kernels that are listed as well.
    rows = [
        (e.self_device_time_total if on_gpu else e.self_cpu_time_total, e.key, e.count)
        for e in found.key_averages()
        if e.device_type.name == wanted and not e.is_user_annotation
    ]
    total = sum(row[0] for row in rows) or 1
    rows.sort(reverse=True)
    return [
        {"kernel": key[:100], "%": round(100 * used / total, 1), "calls": count}
        for used, key, count in rows[:number]
    ]
