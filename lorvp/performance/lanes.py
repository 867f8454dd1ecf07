"""How many trials go through a GPU's network together: the lanes of a step.

A GPU computes a small batch no faster than a large one. Trials that share a frozen network can
share its batch: K lanes of B images are one batch of K x B for the network, and each lane has its
own prompt, mapping and optimiser. Measured on an NVIDIA H200, torch 2.11, steps as CUDA graphs:

    network @ pixels, batch 64             FLOP forward    images/s with 1 lane, and with more
    test_resnet @ 32, fp32                 0.008 G         99,243     8: 258,670   32: 316,629
    ResNet-18 @ 224, bf16                  3.9 G            9,011     4:   9,921
    ViT-B/16 @ 224, bf16                   35 G             3,577     4:   3,673

and without graphs 6,594 to 41,381, 5,027 to 9,590 and 1,830 to 3,557: small networks need some
2,000 images a step, large ones 256. In between the product of images and FLOPs is kept.

The number depends on network, precision, batch size and card alone. It must depend neither on how
many trials are left nor on the method: products of other shapes round differently, and a trial's
bits would depend on its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

from lorvp.recipe import Precision

MOST = 1024
"""Lanes; with one image in each, more would gain little."""
FEWEST_IMAGES, MOST_IMAGES = 256, 2048
"""Images a step that are enough for a network of 1 GFLOP and more, and for any network."""
WORK = 256e9
"""FLOPs forward of a step that are enough for networks in between."""
SHARE = 0.6
"""The part of a card's memory that the intermediate results of a step may take. The rest is for
images, weights, the way back and what the allocator cannot join."""


HALF = {"bf16": 0.5}
"""The share of fp32's bytes that a number takes, where it is not all of them."""


@dataclass(frozen=True)
class Load:
    """What each image of a step asks of a network, whatever the prompt and the mapping."""

    flops: float
    """Forward; a multiplication and an addition are two."""
    fp32_bytes: float
    """Intermediate results that wait for the way back, as fp32."""

    def bytes(self, precision: Precision) -> float:
        """The same in another precision; TF32 rounds in its products and keeps fp32."""
        return self.fp32_bytes * HALF.get(precision, 1.0)


def enough(flops: float) -> float:
    """Images a step beyond which a network of so many FLOPs an image gains little."""
    return min(max(WORK / flops, FEWEST_IMAGES), MOST_IMAGES) if flops else MOST_IMAGES


def lanes(load: Load, precision: Precision, batch_size: int, card_bytes: float) -> int:
    """K: the smallest power of two whose K x ``batch_size`` images are enough, at most
    ``MOST``, then halved until they fit in a card of ``card_bytes``; at least 1."""
    number = 1
    while number * batch_size < enough(load.flops) and 2 * number <= MOST:
        number *= 2
    while number > 1 and kept_bytes(load, precision, number * batch_size) > SHARE * card_bytes:
        number //= 2
    return number


def kept_bytes(load: Load, precision: Precision, images: int) -> float:
    """Memory that a step of so many images keeps for the way back."""
    return images * load.bytes(precision)
