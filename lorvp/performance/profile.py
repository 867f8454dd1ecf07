"""Measure a trial's speed, the machine's own limit, and the time of each operation."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl
import torch
from torch import Tensor
from torch.autograd.profiler_util import EventList
from torch.profiler import ProfilerActivity, profile

from lorvp.datasets.labelled_images import LabelledImages
from lorvp.networks.acceleration.precision import computing_in
from lorvp.recipe import Precision, TrainingConfig
from lorvp.training.lanes import Lanes
from lorvp.training.model import PromptedNetwork
from lorvp.training.timing import Stopwatch
from lorvp.training.trainer import Training

DTYPES: dict[Precision, torch.dtype] = {
    "fp32": torch.float32,
    "tf32": torch.float32,
    "bf16": torch.bfloat16,
}
SIDE, SLOW_SIDE = 2048, 256
"""Sides of the multiplied matrices; the large ones take minutes on processors without fast
products of the precision."""
ROOM = 2**28
"""Bytes that are allocated and freed before operations are timed, so that the profiler's buffers
do not land on the activations' pages. Activations would get new pages, whose zeroing is charged to
the operation that touches them first: threshold_backward had 7 to 20 % instead of 3."""


@dataclass(frozen=True)
class Profile:
    """The speed of training steps."""

    images_per_second: float
    images_per_core_second: float
    """Per second of computing time, which other processes disturb less than the clock."""
    operations: pl.DataFrame
    """The operations that take most of the time: ``operation``, ``share``, ``calls``."""
    peak_bytes: int | None = None
    """The most of a GPU's memory that this process held meanwhile, weights and all."""


def matmul_rate(
    precision: Precision, device: torch.device | str = "cpu", side: int = SIDE
) -> float:
    """FLOP/s of this device in a product of square matrices, which no network exceeds.

    On a CPU, computing time is used in place of the clock.
    """
    a, b = (torch.rand(side, side, device=device, dtype=DTYPES[precision]) for _ in range(2))
    with computing_in(precision):
        times = [_seconds(lambda: a @ b, a.device)[1] for _ in range(8)]
    return 2 * side**3 / min(times)


def of_training(
    models: Sequence[PromptedNetwork],
    images: LabelledImages,
    config: TrainingConfig,
    rounds: int = 3,
) -> Profile:
    """Train ``models`` side by side on ``images`` for ``rounds`` epochs after one to warm up, and
    measure; the images of all of them count."""
    train, number = repeated_epoch(models, images, config), len(images) * len(models)

    def epoch() -> None:
        with computing_in(config.precision):
            train()

    epoch()
    if images.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(images.device)
    times = [_seconds(epoch, images.device) for _ in range(rounds)]
    wall, cpu = (statistics.median(column) for column in zip(*times, strict=True))
    peak = torch.cuda.max_memory_reserved(images.device) if images.device.type == "cuda" else None
    return Profile(number / wall, number / cpu, _operations(epoch, images.labels_N), peak)


def repeated_epoch(
    models: Sequence[PromptedNetwork], images: LabelledImages, config: TrainingConfig
) -> Callable[[], object]:
    """A function that trains all ``models`` for one more epoch each time it is called, as lanes of
    one pass through their network."""
    trainings = [Training(model, images, images, config) for model in models]
    lanes = Lanes(trainings, len(trainings))

    def epoch() -> None:
        for training in trainings:
            training.begin()
        lanes.train()

    return epoch


def _seconds(work: Callable[[], object], device: torch.device) -> tuple[float, float]:
    """Seconds by the clock, and seconds of computing (on a GPU, by the clock too)."""
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
