"""What one more image costs on its way through a network and back, counted on the meta device.

What several prompts have in common is counted once and kept.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

from lorvp.networks.acceleration.engine import Engine, engine
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Reads
from lorvp.performance.counting import Passes, counted, one_more
from lorvp.performance.shapes import ShapesAlone
from lorvp.prompts.base import Prompt
from lorvp.recipe import Precision

Run = Callable[[Engine, Tensor, Tensor, Reads], Tensor]
"""How canvases, with what is added to them, go through a network."""


def engine_of(sketch: FrozenNetwork, precision: Precision = "fp32") -> Engine:
    """A sketch as trials would run it."""
    with ShapesAlone():
        return engine(sketch, precision)


def through(
    network: FrozenNetwork, bound: FrozenNetwork, reads: Reads, each: bool, trained: bool
) -> tuple[Passes, float]:
    """FLOPs of one more image, and of what is done once for all: as of all prompts that do nothing
    inside the network, of which a plan has many.

    ``each`` image has something of its own added to it, or all have the same, which takes a
    gradient if it is ``trained``.
    """
    passes, once = _with_gradients(network, bound, reads, each)
    return (passes if trained else Passes(passes.look, passes.look)), once


def _with_gradients(
    network: FrozenNetwork, bound: FrozenNetwork, reads: Reads, each: bool
) -> tuple[Passes, float]:
    """A network that compares images with texts has the same features for every task, and logits
    for each text of the task (``bound``)."""
    if bound is network or reads == "features":
        return _there_and_back(network, reads, each), 0.0
    features, (text, encoding) = _there_and_back(network, "features", each), _of_a_text(network)
    texts = bound.source_classes
    look, step = features.look + texts * text.look, features.step + texts * text.step
    return Passes(look, step), texts * encoding


def of_an_image(network: FrozenNetwork) -> Passes:
    """FLOPs of one more image to the features, with what all images have added to them."""
    return _there_and_back(network, "features", False)


@lru_cache(maxsize=256)
def _there_and_back(network: FrozenNetwork, reads: Reads, each: bool, /) -> Passes:
    """One more image, on the way back from which what was added to it takes a gradient."""
    with torch.device("meta"):
        forward = _forward(Engine.run, engine_of(network), reads, each, trained=True)
        return one_more(forward)[0]


@lru_cache(maxsize=64)
def _of_a_text(network: FrozenNetwork) -> tuple[Passes, float]:
    """FLOPs of comparing one more image with one text, and of encoding this text: texts are all
    filled up to one length."""
    bound = network.for_targets(["a", "b"])

    def compare(images: int) -> Tensor:
        features_BD = torch.zeros(images, network.features, requires_grad=True)
        return bound.network.forward_head(features_BD)  # type: ignore[operator]

    first = counted(lambda: compare(2))
    more, two = one_more(compare)
    texts = bound.source_classes
    return Passes(more.look / texts, more.step / texts), (first - two.look) / texts


def through_inside(
    prompt: Prompt, bound: Engine, reads: Reads, each: bool, trained: bool
) -> tuple[Passes, float]:
    """FLOPs of one more image with a prompt that works inside the network, and of what is done
    once for all."""
    forward = _forward(prompt.run, bound, reads, each, trained)
    first = counted(lambda: forward(2))
    more, two = one_more(forward)
    return more, first - two.look


def _forward(
    run: Run, bound: Engine, reads: Reads, each: bool, trained: bool
) -> Callable[[int], Tensor]:
    """The way of so many images, on the meta device."""
    size = bound.input_size

    def forward(images: int) -> Tensor:
        canvas_BCHW = torch.zeros(images, 3, *size)
        added_BCHW = torch.zeros(images if each else 1, 3, *size, requires_grad=trained)
        return run(bound, canvas_BCHW, added_BCHW, reads)

    return forward
