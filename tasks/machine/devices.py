"""Which devices trials run on, and how many share one."""

from __future__ import annotations

import os

import torch
from joblib import cpu_count

from lorvp.errors import InputError
from tasks.settings import ComputeConfig


def devices(compute: ComputeConfig) -> list[str]:
    """The devices that trials take turns on.

    Raises:
        InputError: ``device: cuda`` or ``mps`` where there is none.
    """
    if compute.device == "mps" and not torch.backends.mps.is_available():
        raise InputError("params.yaml: compute.device is mps, but torch finds no Apple GPU")
    if compute.device in ("cpu", "mps"):
        return [compute.device]
    found = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    if compute.device == "cuda" and not found:
        raise InputError("params.yaml: compute.device is cuda, but torch finds no CUDA device")
    return found or ["cpu"]


def on_nodes(compute: ComputeConfig) -> ComputeConfig:
    """The settings on a machine of a cluster, where ``auto`` is a GPU if trials request one."""
    device = "cuda" if compute.gpus else "cpu"
    return compute if compute.device != "auto" else compute.model_copy(update={"device": device})


def here(compute: ComputeConfig) -> ComputeConfig:
    """The settings for work on this machine, which may have no GPU where those of a cluster do."""
    return compute.model_copy(update={"device": "auto"}) if compute.on_other_machines else compute


def slots(compute: ComputeConfig) -> int:
    """How many trials run at once."""
    places = devices(compute)
    if compute.workers != "auto":
        return compute.workers
    return cpu_count() if places == ["cpu"] else len(places) * compute.trials_per_device


def slots_on(compute: ComputeConfig) -> list[str]:
    """The device of each slot, devices taking turns."""
    places = devices(compute)
    return [places[slot % len(places)] for slot in range(slots(compute))]


def in_words(device: str) -> str:
    """What one trial at a time has of this machine, such as ``NVIDIA H100 PCIe``."""
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else "one CPU core"


def confine(place: str) -> None:
    """Let this process see the GPU at ``place`` and no other; it must not have used one yet."""
    if place.startswith("cuda:"):
        index, visible = int(place.removeprefix("cuda:")), os.environ.get("CUDA_VISIBLE_DEVICES")
        names = visible.split(",") if visible else [str(n) for n in range(index + 1)]
        os.environ["CUDA_VISIBLE_DEVICES"] = names[index].strip()


def seen_as(place: str) -> str:
    """The name of a device in a process that was confined to it: ``cuda`` for ``cuda:1``."""
    return place.partition(":")[0]
