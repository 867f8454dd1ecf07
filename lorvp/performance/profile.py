"""How fast a trial trains here, how fast this machine could, and where the time goes."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl
import torch
from torch import Tensor
from torch.autograd.profiler_util import EventList
from torch.profiler import ProfilerActivity, profile

from lorvp.datasets.labelled_images import LabelledImages
from lorvp.recipe import TrainingConfig
from lorvp.training.epoch import train_epoch
from lorvp.training.model import PromptedNetwork
from lorvp.training.timing import Stopwatch

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
SIDE, SLOW_SIDE = 2048, 256
"""Of the matrices that are multiplied; the larger ones take minutes without fast products."""
ROOM = 2**28
"""Bytes that are had and given back before operations are timed, for the profiler's own notes. They
would otherwise lie where activations were, and those get new pages, each of which is zeroed on the
account of the operation that touches it first: threshold_backward had 7 to 20 % instead of 3."""


@dataclass(frozen=True)
class Profile:
    """Of training steps."""

    images_per_second: float
    images_per_core_second: float
    """By the time that the process computed, which neighbours on the machine disturb less."""
    operations: pl.DataFrame
    """The operations that take most of the time: ``operation``, ``share``, ``calls``."""


def matmul_rate(precision: str, device: torch.device | str = "cpu", side: int = SIDE) -> float:
    """FLOP/s of this device in a product of square matrices: what a network cannot exceed.

    On a CPU by the time that the process computed.
    """
    a, b = (torch.rand(side, side, device=device, dtype=DTYPES[precision]) for _ in range(2))
    times = [_seconds(lambda: a @ b, a.device)[1] for _ in range(8)]
    return 2 * side**3 / min(times)


def of_training(
    model: PromptedNetwork, images: LabelledImages, config: TrainingConfig, rounds: int = 3
) -> Profile:
    """Train on ``images`` over and over; the first time is for warming up."""
    epoch = repeated_epoch(model, images, config)
    epoch()
    times = [_seconds(epoch, images.device) for _ in range(rounds)]
    wall, cpu = (statistics.median(column) for column in zip(*times, strict=True))
    return Profile(len(images) / wall, len(images) / cpu, _operations(epoch, images.labels_N))


def repeated_epoch(
    model: PromptedNetwork, images: LabelledImages, config: TrainingConfig
) -> Callable[[], object]:
    """Trains for one more epoch each time it is called."""
    optimizer = config.build_optimizer(model.parameter_groups())
    schedule = config.build_schedule(optimizer, 10_000)
    return lambda: train_epoch(model, images, config.batch_size, optimizer, schedule)


def _seconds(work: Callable[[], object], device: torch.device) -> tuple[float, float]:
    """By the clock, and those in which the process computed (on a GPU by the clock as well)."""
    watch = Stopwatch(device)
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    took = watch.read()
    return took.wall_seconds, took.seconds


def _operations(work: Callable[[], object], labels_N: Tensor, rows: int = 12) -> pl.DataFrame:
    on_gpu = labels_N.is_cuda
    activities = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * on_gpu
    torch.ones(ROOM, dtype=torch.uint8)
    with profile(activities=activities) as found:
        work()
    events: EventList = found.key_averages()
    used = [(e.key, e.self_device_time_total if on_gpu else e.self_cpu_time_total, e.count)
            for e in events]  # fmt: skip
    schema = ["operation", "time", "calls"]
    table = pl.DataFrame(used, schema=schema, orient="row").sort("time", descending=True)
    share = (100 * pl.col("time") / pl.col("time").sum()).round(1).alias("% of the time")
    return table.select("operation", share, "calls").head(rows)
