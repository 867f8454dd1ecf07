"""torchvision's networks, split in two: what comes before the classifier, and the classifier.

torchvision has no common way to ask for features. In all of its classifiers but SqueezeNet a linear
layer gives the logits, so what it reads are the features. SqueezeNet has a ReLU between its
convolution of single pixels and the mean over them: it has logits alone.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from lorvp.errors import InputError
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.libraries.split_networks import split_check, split_frozen
from lorvp.networks.manifest import Facts
from lorvp.networks.options.base import UNBUILDABLE, reason
from lorvp.text.quoted import shown, similar


class _Parameters(TorchFunctionMode):
    """Parameters are made on ``device``, and all other tensors where they always are.

    Some networks compute their sizes with tensors while they are built, which a default device
    of "meta" does not survive.
    """

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self.device = device

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is torch.empty and kwargs.get("device") is None:
            kwargs = kwargs | {"device": self.device}
        return func(*args, **kwargs)


def build(facts: Facts) -> nn.Module:
    """torchvision's own network with random weights.

    Raises:
        InputError: torchvision has no such classifier, or it cannot be built so.
    """
    from torchvision import models  # slow: imported where a network is really made

    known, name = models.list_models(module=models), facts.architecture
    if name not in known:  # detectors, for one, download the network they are built on
        near = similar(name, known, 5, 0.5)
        raise InputError(f"torchvision has no classifier {shown(name)}; similar: {near}")
    device = torch.get_default_device()
    try:
        with torch.device("cpu"), _Parameters(device):
            classes = len(facts.class_names)
            network = models.get_model(name, num_classes=classes, **facts.model_kwargs)
    except UNBUILDABLE as error:
        raise InputError(f"torchvision cannot build {name} so: {reason(error)}") from error
    return network.to(device)


def frozen(network: nn.Module, facts: Facts) -> FrozenNetwork:
    """The network split before its classifier; ``network`` itself is used up."""
    return split_frozen(network, facts)


def check(network: nn.Module, facts: Facts, x_BCHW: Tensor) -> FrozenNetwork:
    """Make sure that the split network gives what the whole gives.

    Raises:
        InputError: it does not.
    """
    return split_check(build, frozen, network.eval(), network, facts, x_BCHW)
