"""Networks that the user's own code builds: any ``nn.Module`` from images to logits."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from lorvp.errors import InputError
from lorvp.networks.agreement import agree
from lorvp.networks.frozen import FrozenNetwork, read
from lorvp.networks.libraries.checks import noise, outputs, require_shape
from lorvp.networks.libraries.own_code import maker
from lorvp.networks.libraries.splitting import Headed, split
from lorvp.networks.manifest import Facts
from lorvp.networks.options.base import UNBUILDABLE, reason

INTERFACE = ("forward_features", "forward_head", "reset_classifier", "head_hidden_size")


def build(facts: Facts) -> nn.Module:
    """What the user's code makes, on the CPU: much of such code cannot do with no weights.

    Raises:
        InputError: the code may not be called, is not here, or fails.
    """
    make = maker(facts.architecture, facts.own_code)
    try:
        with torch.device("cpu"):
            network = make(**facts.model_kwargs)
    except (*UNBUILDABLE, ImportError, OSError) as error:
        raise InputError(f"{facts.architecture} fails: {reason(error)}") from error
    if not isinstance(network, nn.Module):
        raise InputError(f"{facts.architecture} gives a {type(network).__name__}, no nn.Module")
    if next(network.parameters(), None) is None:
        raise InputError(f"{facts.architecture} gives a network without weights")
    return network


def frozen(network: nn.Module, facts: Facts) -> FrozenNetwork:
    """The network with timm's interface; ``network`` itself is used up.

    Raises:
        InputError: it gives no logits, or not one for each class, or the layer is not there that
            the user named.
    """
    x_BCHW = noise(facts).to(next(network.parameters()))
    classifier = _with_interface(network.eval(), x_BCHW, facts)
    if isinstance(classifier, Headed) and not _takes_channels_last(classifier, x_BCHW):
        classifier.layout = torch.contiguous_format
    names, interpolation = facts.class_names, facts.interpolation
    return FrozenNetwork(
        classifier, facts.input_size, facts.mean, facts.std, names, interpolation=interpolation
    )


@torch.no_grad()
def check(network: nn.Module, facts: Facts, x_BCHW: Tensor) -> FrozenNetwork:
    """Make sure that it is still the same network once it is frozen.

    Raises:
        InputError: it gives no logits, or others for the same image.
    """
    x_BCHW = x_BCHW.to(next(network.parameters()).device)
    expected_BS = logits_of(network.eval(), x_BCHW, facts)
    result = frozen(network, facts)
    _, logits_BS = outputs(result, facts, x_BCHW)
    if not agree(logits_BS, expected_BS):
        raise InputError(f"{facts.architecture} gives other logits for the same images again")
    return result


def logits_of(network: nn.Module, x_BCHW: Tensor, facts: Facts) -> Tensor:
    """The logits_BS of a network.

    Raises:
        InputError: it fails, or gives something else.
    """
    name, size = facts.architecture, "x".join(map(str, facts.input_size))
    try:
        found: Any = network(x_BCHW)
    except UNBUILDABLE as error:
        raise InputError(f"{name} cannot read images of {size}: {reason(error)}") from error
    if not isinstance(found, Tensor):
        raise InputError(
            f"{name} gives a {type(found).__name__} for images, and not logits alone; let "
            "`build` name a function that returns a module which gives them"
        )
    require_shape("logits", found, len(facts.class_names), name)
    return found


@torch.no_grad()
def _with_interface(network: nn.Module, x_BCHW: Tensor, facts: Facts) -> nn.Module:
    """As it is, if it is one of timm's, say; else split."""
    logits_BS = logits_of(network, x_BCHW, facts)
    if facts.head is None and all(hasattr(network, name) for name in INTERFACE):
        return network
    return split(network, x_BCHW, logits_BS, facts.head)


@torch.no_grad()
def _takes_channels_last(classifier: nn.Module, x_BCHW: Tensor) -> bool:
    """Whether the layout in which convolutions are fastest suits the network: what flattens by
    ``view`` needs the other one."""
    try:
        read(classifier.to(memory_format=torch.channels_last), x_BCHW, "logits")
    except RuntimeError:
        classifier.to(memory_format=torch.contiguous_format)
        return False
    return True
