"""How many trials go through a device's network together."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import torch

from lorvp.experiment.trial import Trial
from lorvp.networks import checkpoint
from lorvp.networks.acceleration.engine import engine
from lorvp.networks.manifest import CheckpointManifest, Facts
from lorvp.performance.lanes import Load, lanes
from lorvp.recipe import Precision
from tasks.settings import ComputeConfig


def width(compute: ComputeConfig, trial: Trial, manifest: CheckpointManifest, device: str) -> int:
    """K, the number of lanes for trials such as this one on ``device``, such as ``cuda:0``.

    The same for all trials with this network, precision and batch size on such a card, and 1 on
    other devices than NVIDIA's, unless ``compute.lanes`` gives a number.
    """
    training, memory = trial.training, memory_of(device) if compute.lanes == "auto" else None
    if memory is not None:
        memory //= compute.trials_per_device  # processes that share a card share its memory
    batch, load_here = training.batch_size, partial(_load_of, manifest)
    return width_in(compute, training.precision, batch, load_here, memory)


def width_in(
    compute: ComputeConfig,
    precision: Precision,
    batch_size: int,
    load_of: Callable[[], Load],
    memory: float | None,
) -> int:
    """As ``width``, on a card with so many bytes of memory, or on no card."""
    if compute.lanes != "auto":
        return compute.lanes
    return 1 if memory is None else lanes(load_of(), precision, batch_size, memory)


def memory_of(device: str) -> int | None:
    """Bytes of a card's memory, or None for what is no card with memory of its own."""
    if not device.startswith("cuda"):
        return None
    return torch.cuda.get_device_properties(device).total_memory


def _load_of(manifest: CheckpointManifest) -> Load:
    return _load(manifest.model_dump_json(include=set(Facts.model_fields)))


@cache
def _load(facts: str) -> Load:
    """Of the network that a trial would run, made without its weights."""
    # These import 75 MB that only a GPU's plan needs.
    from lorvp.performance.memory import load
    from lorvp.performance.shapes import ShapesAlone

    with ShapesAlone():
        _, network = checkpoint.sketch(Facts.model_validate_json(facts))
        return load(engine(network, "fp32"))
