"""The layer that reads the image, split into the image's part and the prompt's part.

A convolution is linear. With W its weight, b its bias, m and s the network's mean and standard
deviation, c an image on its canvas and p what is added to it, both in [0, 1]:

    conv((c + p - m) / s) = W/(255 s) * (255 c)  +  [ W/s * (p - m) + b ]

The first term is of the images alone, in whole grey levels, and takes no gradient. The bracket is
of one image where all share a prompt, so that a step needs one transposed convolution and not one
for each image. Zeros that a convolution pads with stay zeros in both terms.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from torch import Tensor, nn

from lorvp.networks.acceleration.batchnorm import frozen, is_plain
from lorvp.networks.acceleration.tracing import calls_of

LEVELS = 255.0
"""Grey levels of 1.0; whole numbers up to 256 are exact in bf16, normalised images are not."""


class Stem(nn.Module):
    """Takes the convolution's place in the network, reads grey levels and adds ``term``."""

    term: Tensor | None
    """The bracket of the images that the network is computing."""

    def __init__(self, conv: nn.Conv2d, std_C11: Tensor) -> None:
        super().__init__()
        self.of_image = _scaled(conv, LEVELS * std_C11)
        self.of_image.bias = None
        self.term = None

    @property
    def weight(self) -> Tensor:
        """Some networks ask their first layer for the type of its weights."""
        return self.of_image.weight

    def forward(self, levels_BCHW: Tensor) -> Tensor:
        assert self.term is not None, "the prompt's part comes first"
        return self.of_image(levels_BCHW) + self.term

    @contextmanager
    def adding(self, term: Tensor | None) -> Iterator[None]:
        """Add ``term`` in this block, and keep nothing of it afterwards."""
        self.term = term
        try:
            yield
        finally:
            self.term = None


def _scaled(conv: nn.Conv2d, scale_C11: Tensor) -> nn.Conv2d:
    """A copy for inputs that have not been divided by ``scale_C11``."""
    made = copy.deepcopy(conv)
    made.weight = frozen(conv.weight / scale_C11, conv.weight)
    return made


class NoStemError(Exception):
    """A network has no stem to split; the message says why."""


def find_stem(network: nn.Module, x_BCHW: Tensor) -> str:
    """The name of the convolution that alone reads the image, once.

    Raises:
        NoStemError: no such convolution reads the image.
    """
    calls = calls_of(network, x_BCHW)
    readers = [call.module for call in calls if call.given is x_BCHW]
    if not readers:
        raise NoStemError("no plain layer is given the image as it is")
    if len(readers) > 1:
        raise NoStemError(f"{len(readers)} layers read the image")
    reader = readers[0]
    if not is_plain(reader):
        kind = type(reader).__name__
        raise NoStemError(f"the layer that reads the image is no plain convolution but {kind}")
    if cast(nn.Conv2d, reader).groups > 1:
        raise NoStemError("the convolution that reads the image has groups")
    if sum(call.module is reader for call in calls) > 1:
        raise NoStemError("the convolution that reads the image is used again")
    return next(name for name, module in network.named_modules() if module is reader)


@dataclass(frozen=True)
class Split:
    """The result of ``split``."""

    stem: Stem | None = None
    prompt_part: nn.Conv2d | None = None
    """Makes the stem's term out of ``p - m``."""
    why_not: str | None = None
    """The reason if there is no stem."""


def split(network: nn.Module, x_BCHW: Tensor, std_C11: Tensor) -> Split:
    """Put a ``Stem`` into ``network`` in place of the layer that reads the image, if possible."""
    try:
        name = find_stem(network, x_BCHW)
    except NoStemError as error:
        return Split(why_not=str(error))
    conv = cast(nn.Conv2d, network.get_submodule(name))
    stem = Stem(conv, std_C11)
    network.set_submodule(name, stem)
    return Split(stem, _scaled(conv, std_C11))
