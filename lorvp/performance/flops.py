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
from lorvp.networks.acceleration.engine import Engine, engine
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Reads
from lorvp.networks.manifest import CheckpointManifest
from lorvp.performance.counting import Passes, counted, one_more
from lorvp.prompts.base import Prompt
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


def per_image(
    method: Method,
    manifest: CheckpointManifest,
    network: FrozenNetwork,
    names: Sequence[str],
    reads: Reads,
) -> PerImage:
    """``network`` is the manifest's sketch, on the meta device; ``names`` are the target classes.

    Raises:
        InputError: the method does not fit the network.
    """
    prompt, size = method.build(manifest.canvas).train(), manifest.input_size

    passes = len(prompt.passes(torch.zeros(1, 3, *size)))

    def add(images: int) -> Tensor:
        # On real numbers, since some prompts depend on the values.
        return torch.stack(prompt.passes(torch.zeros(images, 3, *size))).sum(0)

    (own, _), added_BCHW = one_more(add), add(2)
    with torch.device("meta"):
        bound = network.for_targets(names)
        prompt.attach(bound, reads, len(names))
        inside = prompt.to("meta")
        each, trained = len(added_BCHW) > 1, added_BCHW.requires_grad
        if prompt.inside_network:
            whole, once = _through(inside, engine(bound, "fp32"), reads, each, trained)
        else:
            whole, once = _through_the_network(network, bound, reads, each, trained)
    values = sum(p.numel() for p in inside.parameters())
    extra = prompt.extra_looks * whole.look
    look = own.look + passes * whole.look + extra
    step = own.step + passes * whole.step + extra
    return PerImage(look, step, once, values, prompt.fixed)


def _through_the_network(
    network: FrozenNetwork, bound: FrozenNetwork, reads: Reads, each: bool, trained: bool
) -> tuple[Passes, float]:
    """As of all prompts that do nothing inside the network, of which a plan has many.

    A network that compares images with texts has the same features for every task, and logits for
    each text of the task (``bound``).
    """
    if bound is network:
        return _plainly_through(network, reads, each, trained)
    features, once = _plainly_through(network, "features", each, trained)
    if reads == "features":
        return features, once
    text, encoding = _of_a_text(network, trained)
    texts = bound.source_classes
    look, step = features.look + texts * text.look, features.step + texts * text.step
    return Passes(look, step), once + texts * encoding


@lru_cache(maxsize=256)
def _plainly_through(
    network: FrozenNetwork, reads: Reads, each: bool, trained: bool
) -> tuple[Passes, float]:
    return _through(None, engine(network, "fp32"), reads, each, trained)


@lru_cache(maxsize=64)
def _of_a_text(network: FrozenNetwork, trained: bool) -> tuple[Passes, float]:
    """FLOPs of comparing one more image with one text, and of encoding this text: texts are all
    filled up to one length."""
    bound = network.for_targets(["a", "b"])

    def compare(images: int) -> Tensor:
        features_BD = torch.zeros(images, network.features, requires_grad=trained)
        return bound.network.forward_head(features_BD)  # type: ignore[operator]

    first = counted(lambda: compare(2))
    more, two = one_more(compare)
    texts = bound.source_classes
    return Passes(more.look / texts, more.step / texts), (first - two.look) / texts


def _through(
    prompt: Prompt | None, bound: Engine, reads: Reads, each: bool, trained: bool
) -> tuple[Passes, float]:
    """FLOPs of one more image, and of what is done once for all.

    ``each`` image has something of its own added to it, or all have the same, which takes a
    gradient if it is ``trained``. For the meta device.
    """
    size = bound.input_size

    def forward(images: int) -> Tensor:
        canvas_BCHW = torch.zeros(images, 3, *size)
        added_BCHW = torch.zeros(images if each else 1, 3, *size, requires_grad=trained)
        if prompt is None:
            return bound.run(canvas_BCHW, added_BCHW, reads)
        return prompt.run(bound, canvas_BCHW, added_BCHW, reads)

    first = counted(lambda: forward(2))
    more, two = one_more(forward)
    return more, first - two.look
