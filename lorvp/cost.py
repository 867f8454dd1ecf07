"""What a trial costs, counted before anything is downloaded or trained.

Counted are floating-point operations (a multiplication and an addition are two) of matrix
products and convolutions, by torch's own counter, on a network without weights. Left out is what
is small beside them: the mapping, the optimiser, resizing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from lorvp.datasets.source import Sizes
from lorvp.mappings.base import Mapping
from lorvp.networks.facts import CheckpointManifest
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.libraries import LIBRARIES
from lorvp.outline import Reads
from lorvp.prompts.base import Prompt
from lorvp.prompts.methods.base import Method
from lorvp.trials import Trial


@dataclass(frozen=True)
class Cost:
    """Of one trial."""

    flops: float
    image_passes: int
    """Images that go through the network, forward only or forward and backward."""
    trained_values: int


@dataclass(frozen=True)
class PerImage:
    """What one image costs a method on a network."""

    look: float
    """Forward."""
    step: float
    """Forward and backward."""
    once: float
    """For all images together, such as encoding texts."""
    values: int
    """That the prompt trains."""


def of_trial(trial: Trial, mapping: Mapping, sizes: Sizes, image: PerImage) -> Cost:
    """From what one image costs to what the trainer does with all of them."""
    values = image.values + sum(p.numel() for p in mapping.parameters())
    epochs = trial.training.epochs if values else 1
    steps = epochs * sizes.train if values else 0
    counts = sum(mapping.due(epoch) for epoch in range(epochs)) * sizes.train
    tests = sizes.test * (1 + epochs * trial.training.test_every_epoch)
    # What has nothing to train is measured on its training images instead.
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
    prompt = method.build(manifest.canvas)
    look, step, reaches_image = _prompt_flops(prompt.train(), manifest.input_size)
    size = (2, 3, *manifest.input_size)
    x_BCHW = torch.zeros(size, device="meta", requires_grad=reaches_image)
    with torch.device("meta"):
        bound = network.for_targets(names)
        prompt.attach(bound, reads)
        inside = prompt.to("meta")

        def forward() -> Tensor:
            return inside.run(bound, x_BCHW, reads)

        first, again = _counted(forward), _counted(forward)
        trained = _counted(lambda: _back_through(forward()))
    values = sum(p.numel() for p in inside.parameters())
    return PerImage(look + again / 2, step + trained / 2, first - again, values)


def _prompt_flops(prompt: Prompt, size: tuple[int, int]) -> tuple[float, float, bool]:
    """Of making the prompt for an image, of making and training it, and whether there is anything
    to train. On real numbers, as masks and regions are looked at on the way."""
    canvas_BCHW = torch.zeros(2, 3, *size)
    look = _counted(lambda: prompt(canvas_BCHW))
    step = _counted(lambda: _back_through(prompt(canvas_BCHW)))
    return look / 2, step / 2, prompt(canvas_BCHW).requires_grad


def _back_through(output: Tensor) -> None:
    if output.requires_grad:
        output.sum().backward()


def _counted(work: Callable[[], object]) -> float:
    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops())


def speed(manifest: CheckpointManifest, device: str, batch: int = 8, seconds: float = 1.0) -> float:
    """FLOP/s of this network on ``device``, forward and backward to the image, as it is now:
    measured with start values in place of weights, on one thread of a CPU."""
    library = LIBRARIES[manifest.library]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        network = library.frozen(library.build(manifest), manifest).to(device)
        x_BCHW = torch.rand(batch, 3, *manifest.input_size, device=device, requires_grad=True)

        def step() -> None:
            network(x_BCHW, "features").sum().backward()
            if device.startswith("cuda"):
                torch.cuda.synchronize()

        flops = _counted(step)
        start, rounds = time.perf_counter(), 0
        while rounds == 0 or time.perf_counter() - start < seconds:
            step()
            rounds += 1
        return rounds * flops / (time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
