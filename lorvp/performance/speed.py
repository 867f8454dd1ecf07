"""How fast this machine computes a network, before its weights are there."""

from __future__ import annotations

import copy
import math
import time
from typing import TypeVar

import torch
from torch import Tensor, nn

from lorvp.networks.acceleration.engine import PIECE, Engine, engine
from lorvp.networks.acceleration.precision import computing_in
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.sources.trained import threads
from lorvp.performance.counting import Passes
from lorvp.performance.passes import engine_of
from lorvp.recipe import Precision

FORWARD = 15e9
"""FLOPs forward that a step of the measurement has on a CPU, if one image has not more: a step of
fewer large images is as fast for each of them to some per cent, and a plan should not take long."""


def speed(
    sketch: FrozenNetwork,
    image: Passes,
    device: str,
    precision: Precision = "fp32",
    images: int | None = None,
    seconds: float = 0.2,
) -> float:
    """FLOP/s of a network on ``device``, forward and backward to the prompt, as it is now.

    Measured with random numbers in place of weights, in steps of so many ``images``, on one thread
    of a CPU, which takes a few unless given. Nothing is compiled, which would take longer than all
    else here. ``sketch`` is on the meta device, and ``image`` what one more image costs on it.
    """
    with threads(1):
        network = with_numbers(sketch, precision, device)
        height, width = sketch.input_size
        few = min(64, PIECE // (height * width), math.ceil(FORWARD / max(image.look, 1.0)))
        canvas_BCHW = torch.rand(images or max(1, few), 3, height, width, device=device)
        steps = _steps(network, canvas_BCHW, precision, seconds)
        # Not counted here: what multiplies matrices on a CPU is no operation that torch counts.
        return steps * len(canvas_BCHW) * image.step


def _steps(network: Engine, canvas_BCHW: Tensor, precision: Precision, seconds: float) -> float:
    """Steps a second."""
    added_1CHW = torch.zeros_like(canvas_BCHW[:1]).requires_grad_()

    def step() -> None:
        network.run(canvas_BCHW, added_1CHW, "features").sum().backward()
        if canvas_BCHW.is_cuda:
            torch.cuda.synchronize()

    with computing_in(precision):
        start, rounds = time.perf_counter(), 1
        step()
        # What a CPU does in a first step only is some per cent of one that takes long.
        if canvas_BCHW.is_cuda or time.perf_counter() - start < seconds / 4:
            start, rounds = time.perf_counter(), 0
        while rounds == 0 or time.perf_counter() - start < seconds:
            step()
            rounds += 1
    return rounds / (time.perf_counter() - start)


def with_numbers(sketch: FrozenNetwork, precision: Precision, device: str) -> Engine:
    """The network as trials run it, with random numbers in place of weights.

    What makes it cheaper is found on the meta device, where that takes no time; but for bf16, in
    which the device is asked what it can do.
    """
    if precision == "bf16":
        return engine(_filled(copy.deepcopy(sketch), device), precision)
    made = engine_of(sketch, precision)
    # The plain network shares the weights, which would be filled twice; features need no texts.
    needless = [part for part in (made.source, made.text) if part is not None]
    left_out = {id(part): nn.Identity() for part in needless}
    return _filled(copy.deepcopy(made, left_out), device)


Network = TypeVar("Network", bound=nn.Module)


@torch.no_grad()
def _filled(network: Network, device: str) -> Network:
    """He's start values for matrices and kernels, and 1 for all that scales or shifts.

    All are made of the same random numbers: drawing anew for each takes as long as a step.
    """
    network.to_empty(device=device)
    weights = list(network.parameters())
    most = max((weight.numel() for weight in weights), default=0)
    random = torch.empty(most, device=device).uniform_(-1, 1)
    for weight in weights:
        if weight.dim() > 1:
            bound = math.sqrt(6 / weight[0].numel())
            torch.mul(random[: weight.numel()].view(weight.shape), bound, out=weight)
        else:
            weight.fill_(1)
    for statistic in network.buffers():
        statistic.fill_(1 if statistic.is_floating_point() else 0)
    return network
