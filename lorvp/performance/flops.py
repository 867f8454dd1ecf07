"""What a trial costs, counted before anything is downloaded or trained.

torch's own counter counts the floating-point operations of matrix products and convolutions (a
multiplication and an addition are two) on a network without weights. The mapping, the optimiser and
resizing are small beside them and are left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from lorvp.datasets.source import Sizes
from lorvp.experiment.trial import Trial
from lorvp.images import Augmentation, Size
from lorvp.mappings.base import Mapping
from lorvp.networks.acceleration.engine import PIECE, engine
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Reads
from lorvp.networks.libraries import LIBRARIES
from lorvp.networks.manifest import CheckpointManifest
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
    flops = image.once + steps * image.step + looks * image.look
    return Cost(flops, steps + looks, values)


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

    def add(images: int) -> Tensor:
        # On real numbers, since some prompts depend on the values.
        return prompt.added(torch.zeros(images, 3, *size))

    look, step = _one_more(add)
    canvases = {images: _meta(size, images, like=add(images)) for images in (2, 3)}
    with torch.device("meta"):
        bound = engine(network.for_targets(names), "fp32")
        prompt.attach(bound, reads)
        inside = prompt.to("meta")

        def forward(images: int) -> Tensor:
            return inside.run(bound, *canvases[images], reads)

        once = counted(lambda: forward(2)) - counted(lambda: forward(2))
        more_look, more_step = _one_more(forward)
    values = sum(p.numel() for p in inside.parameters())
    return PerImage(look + more_look, step + more_step, once, values, prompt.fixed)


def _one_more(work: Callable[[int], Tensor]) -> tuple[float, float]:
    """FLOPs that a third image adds to ``work`` on two: forward, and forward and backward."""
    look = [counted(lambda n=n: work(n)) for n in (2, 3)]
    step = [counted(lambda n=n: _back_through(work(n))) for n in (2, 3)]
    return look[1] - look[0], step[1] - step[0]


def _meta(size: Size, images: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Canvases, and what is added to them; without values."""
    canvas_BCHW = torch.zeros(images, 3, *size, device="meta")
    return canvas_BCHW, torch.zeros_like(like, device="meta", requires_grad=like.requires_grad)


def _back_through(output: Tensor) -> None:
    if output.requires_grad:
        output.sum().backward()


def counted(work: Callable[[], object]) -> float:
    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops())


def speed(manifest: CheckpointManifest, device: str, seconds: float = 1.0) -> float:
    """FLOP/s of this network on ``device``, forward and backward to the prompt, as it is now:
    measured with start values in place of weights, on one thread of a CPU."""
    library = LIBRARIES[manifest.library]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        network = engine(library.frozen(library.build(manifest), manifest).to(device), "fp32")
        height, width = manifest.input_size
        batch = max(8, min(64, PIECE // (height * width)))
        canvas_BCHW = torch.rand(batch, 3, height, width, device=device)
        added_1CHW = torch.zeros(1, 3, height, width, device=device, requires_grad=True)

        def step() -> None:
            network.run(canvas_BCHW, added_1CHW, "features").sum().backward()
            if device.startswith("cuda"):
                torch.cuda.synchronize()

        flops = counted(step)
        start, rounds = time.perf_counter(), 0
        while rounds == 0 or time.perf_counter() - start < seconds:
            step()
            rounds += 1
        return rounds * flops / (time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
