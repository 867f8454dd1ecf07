"""What a trial costs, counted before anything is downloaded or trained.

The floating-point operations of matrix products and convolutions are counted on a network without
weights. The mapping, the optimiser and resizing are small beside them and are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from lorvp.augmentation.settings import Augmentation
from lorvp.datasets.source import Sizes
from lorvp.experiment.trial import Trial
from lorvp.mappings.base import Mapping
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Canvas, Reads
from lorvp.networks.manifest import CheckpointManifest
from lorvp.performance.counting import Passes, one_more
from lorvp.performance.passes import engine_of, through, through_inside
from lorvp.prompts.methods.base import Method


@dataclass(frozen=True)
class Cost:
    """The cost of one trial."""

    flops: float
    image_passes: int
    """Passes of one image through the network, forward only or forward and backward."""
    trained_values: int
    kept: bool = False
    """Whether all trials on the same data and network share the outputs of these passes."""


@dataclass(frozen=True)
class Alone:
    """What a prompt does by itself, which depends on the canvas and on nothing else of a task."""

    flops: Passes
    """Of one more image."""
    passes: int
    """Passes of an image through the network."""
    each: bool
    """Whether each image has something of its own added to it."""
    trained: bool


@dataclass(frozen=True)
class PerImage:
    """The cost of one image for a method on a network, in FLOPs."""

    look: float
    """Forward."""
    step: float
    """Forward and backward."""
    once: float
    """For all images together, such as encoding texts."""
    values: int
    """Number of values that the prompt trains."""
    fixed: bool = False
    """Whether the network's outputs never change, unless augmentation changes the images."""


def of_trial(trial: Trial, mapping: Mapping, sizes: Sizes, image: PerImage) -> Cost:
    """The cost of a trial, from the cost of one image and the trainer's number of passes."""
    values = image.values + sum(p.numel() for p in mapping.parameters())
    if image.fixed and trial.training.augmentation == Augmentation():
        once = sizes.train + sizes.val + sizes.test
        return Cost(image.once + once * image.look, once, values, kept=True)
    epochs = trial.training.epochs if values else 1
    steps = epochs * sizes.train if values else 0
    counts = sum(mapping.due(epoch) for epoch in range(epochs)) * sizes.train
    tests = sizes.test * (1 + epochs * trial.training.test_every_epoch)
    # A trial without trained values is evaluated on its training images instead.
    looks = counts + epochs * sizes.val + tests + (0 if values else sizes.train)
    evaluations = trial.training.optimizer.evaluations
    step = evaluations * image.look if evaluations else image.step
    flops = image.once + steps * step + looks * image.look
    return Cost(flops, steps * max(1, evaluations) + looks, values)


@lru_cache(maxsize=64)
def _for_targets(network: FrozenNetwork, names: tuple[str, ...], /) -> FrozenNetwork:
    """Kept, since a grid goes through its tasks in turn."""
    return network.for_targets(names)


def alone(method: Method, canvas: Canvas) -> Alone:
    """On real numbers, since some prompts depend on the values.

    Raises:
        InputError: the method does not fit the canvas.
    """
    prompt = method.build(canvas).train()

    def add(images: int) -> Tensor:
        return torch.stack(prompt.passes(torch.zeros(images, 3, *canvas.size))).sum(0)

    flops, _ = one_more(add)
    passes = prompt.passes(torch.zeros(2, 3, *canvas.size))
    each = any(len(added_BCHW) > 1 for added_BCHW in passes)
    return Alone(flops, len(passes), each, any(added_BCHW.requires_grad for added_BCHW in passes))


def per_image(
    method: Method,
    manifest: CheckpointManifest,
    network: FrozenNetwork,
    names: Sequence[str],
    reads: Reads,
    own: Alone | None = None,
) -> PerImage:
    """``network`` is the manifest's sketch, on the meta device; ``names`` are the target classes;
    ``own`` is the method ``alone`` on this canvas, counted here unless given.

    Raises:
        InputError: the method does not fit the network.
    """
    own = own or alone(method, manifest.canvas)
    prompt = method.build(manifest.canvas).train()
    with torch.device("meta"):
        bound = _for_targets(network, tuple(names))
        prompt.attach(bound, reads, len(names))
        inside = prompt.to("meta")
        if prompt.inside_network:
            ran = engine_of(bound)
            whole, once = through_inside(inside, ran, reads, own.each, own.trained)
        else:
            whole, once = through(network, bound, reads, own.each, own.trained)
    values = sum(p.numel() for p in inside.parameters())
    extra = prompt.extra_looks * whole.look
    look = own.flops.look + own.passes * whole.look + extra
    step = own.flops.step + own.passes * whole.step + extra
    return PerImage(look, step, once, values, prompt.fixed)
