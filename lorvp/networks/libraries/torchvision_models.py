"""torchvision's networks, split in two: what comes before the last linear layer, and that layer.

torchvision has no common way to ask for features. In all of its classifiers but SqueezeNet the
linear layer that was registered last gives the logits, so what it reads are the features.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from lorvp.errors import InputError
from lorvp.networks.agreement import agree
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.libraries.checks import outputs
from lorvp.networks.manifest import Facts
from lorvp.networks.options.base import UNBUILDABLE, reason
from lorvp.text.quoted import shown, similar


class Split(nn.Module):
    """A classifier with timm's interface."""

    def __init__(self, whole: nn.Module, last: str) -> None:
        super().__init__()
        head = whole.get_submodule(last)
        assert isinstance(head, nn.Linear)
        whole.set_submodule(last, nn.Identity())
        self.body, self.head = whole, head
        self.num_classes, self.head_hidden_size = head.out_features, head.in_features

    def forward_features(self, x: Tensor) -> Tensor:
        """features_BD"""
        return self.body(x)

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """logits_BS, or the features as they are."""
        return x if pre_logits else self.head(x)

    def reset_classifier(self, num_classes: int) -> None:
        """Take the classifier off."""
        assert num_classes == 0
        self.num_classes, self.head = 0, nn.Identity()


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
    """The network split in two; ``network`` itself is used up."""
    names, interpolation = facts.class_names, facts.interpolation
    split = Split(network, _last_linear(network, facts))
    return FrozenNetwork(
        split, facts.input_size, facts.mean, facts.std, names, interpolation=interpolation
    )


@torch.no_grad()
def check(network: nn.Module, facts: Facts, x_BCHW: Tensor) -> FrozenNetwork:
    """Make sure that the two parts give what the whole gives.

    Raises:
        InputError: they do not, since the network does not end in a linear layer.
    """
    expected_BS = network.eval()(x_BCHW)
    result = frozen(network, facts)
    _, logits_BS = outputs(result, facts, x_BCHW)
    if not agree(logits_BS, expected_BS):
        raise InputError(f"{facts.architecture} does not end in its last linear layer")
    return result


def _last_linear(network: nn.Module, facts: Facts) -> str:
    linear = [name for name, part in network.named_modules() if isinstance(part, nn.Linear)]
    if not linear:
        raise InputError(
            f"{facts.architecture} does not end in a linear layer, so it has no features that "
            "a new classifier could read"
        )
    return linear[-1]
