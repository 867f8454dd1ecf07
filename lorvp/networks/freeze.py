"""A module in memory as a frozen network."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from torch import nn

from lorvp.images import Size
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Interpolation
from lorvp.networks.libraries import python_modules
from lorvp.networks.libraries.checks import noise
from lorvp.networks.manifest import Facts


def freeze(
    module: nn.Module,
    *,
    input_size: int | Size,
    mean: Sequence[float],
    std: Sequence[float],
    class_names: Sequence[str],
    interpolation: Interpolation = "bilinear",
    features: str | None = None,
) -> FrozenNetwork:
    """A frozen copy of any module that takes normalised images_BCHW and gives logits_BS.

    ``input_size``: height and width in pixels, or both in one. ``mean`` and ``std``: of each
    channel, of images in [0, 1]. ``features``: the layer whose input the features are; the last
    linear layer unless given. What ``lorvp.trials.run.run`` does with one from a checkpoint it
    does with this.

    Raises:
        InputError: the module gives no logits, or not one for each name, or has no such layer.
        ValueError: a size or colour is out of bounds.
    """
    facts = Facts(
        library="python",
        architecture=type(module).__name__,
        input_size=(input_size, input_size) if isinstance(input_size, int) else input_size,
        mean=list(mean),
        std=list(std),
        interpolation=interpolation,
        class_names=list(class_names),
        head=features,
        source="memory",
    )
    return python_modules.check(copy.deepcopy(module), facts, noise(facts))
