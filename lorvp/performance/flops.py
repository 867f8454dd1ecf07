"""What a trial costs, counted before anything is downloaded or trained.

torch's own counter counts the floating-point operations of matrix products and convolutions (a
multiplication and an addition are two) on a network without weights. The mapping, the optimiser and
resizing are small beside them and are left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from lorvp.augmentation.settings import Augmentation
from lorvp.datasets.source import Sizes
from lorvp.experiment.trial import Trial
from lorvp.mappings.base import Mapping
from lorvp.networks.acceleration.engine import PIECE, Engine, engine
from lorvp.networks.acceleration.precision import computing_in
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Reads
from lorvp.networks.libraries import LIBRARIES
from lorvp.networks.manifest import CheckpointManifest
from lorvp.prompts.base import Prompt
from lorvp.prompts.methods.base import Method
from lorvp.recipe import Precision


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

    (own, _), added_BCHW = _one_more(add), add(2)
    with torch.device("meta"):
        bound = engine(network.for_targets(names), "fp32")
        prompt.attach(bound, reads, len(names))
        inside = prompt.to("meta")
        each, trained = len(added_BCHW) > 1, added_BCHW.requires_grad
        if prompt.inside_network:
            whole, once = _through(inside, bound, reads, each, trained)
        else:
            whole, once = _through_the_network(bound, reads, each, trained)
    values = sum(p.numel() for p in inside.parameters())
    extra = prompt.extra_looks * whole.look
    look = own.look + passes * whole.look + extra
    step = own.step + passes * whole.step + extra
    return PerImage(look, step, once, values, prompt.fixed)


class _Passes(NamedTuple):
    """FLOPs forward, and forward and backward."""

    look: float
    step: float


@lru_cache(maxsize=64)
def _through_the_network(
    bound: Engine, reads: Reads, each: bool, trained: bool
) -> tuple[_Passes, float]:
    """As of all prompts that do nothing inside the network, of which a plan has many."""
    return _through(None, bound, reads, each, trained)


def _through(
    prompt: Prompt | None, bound: Engine, reads: Reads, each: bool, trained: bool
) -> tuple[_Passes, float]:
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
    more, two = _one_more(forward)
    return more, first - two.look


def _one_more(work: Callable[[int], Tensor]) -> tuple[_Passes, _Passes]:
    """FLOPs that a third image adds to ``work`` on two, and those of two."""
    two, three = (_there_and_back(work, images) for images in (2, 3))
    return _Passes(three.look - two.look, three.step - two.step), two


def _there_and_back(work: Callable[[int], Tensor], images: int) -> _Passes:
    with FlopCounterMode(display=False) as counter:
        output = work(images)
        look = float(counter.get_total_flops())
        if output.requires_grad:
            output.sum().backward()
        return _Passes(look, float(counter.get_total_flops()))


def counted(work: Callable[[], object]) -> float:
    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops())


def speed(
    manifest: CheckpointManifest,
    device: str,
    precision: Precision = "fp32",
    images: int | None = None,
    seconds: float = 0.5,
) -> float:
    """FLOP/s of this network on ``device``, forward and backward to the prompt, as it is now:
    measured with start values in place of weights, in steps of so many ``images``, on one thread of
    a CPU; a CPU takes them in pieces, and a few will do unless given. Nothing is compiled, which
    would take longer than all else here."""
    library = LIBRARIES[manifest.library]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        network = engine(library.frozen(library.build(manifest), manifest).to(device), precision)
        height, width = manifest.input_size
        batch = images or max(8, min(64, PIECE // (height * width)))
        canvas_BCHW = torch.rand(batch, 3, height, width, device=device)
        added_1CHW = torch.zeros(1, 3, height, width, device=device, requires_grad=True)

        def step() -> None:
            network.run(canvas_BCHW, added_1CHW, "features").sum().backward()
            if device.startswith("cuda"):
                torch.cuda.synchronize()

        with computing_in(precision):
            flops = counted(step)
            start, rounds = time.perf_counter(), 0
            while rounds == 0 or time.perf_counter() - start < seconds:
                step()
                rounds += 1
        return rounds * flops / (time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
