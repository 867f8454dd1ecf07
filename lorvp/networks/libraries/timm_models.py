"""timm's networks, whose interface the rest of the project speaks."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, cast

import torch
from torch import Tensor, nn

from lorvp.errors import InputError
from lorvp.images import Size
from lorvp.networks.agreement import agree
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import patch_of
from lorvp.networks.libraries.checks import outputs
from lorvp.networks.manifest import Facts
from lorvp.networks.options.base import UNBUILDABLE, reason
from lorvp.text.quoted import shown, similar


def build(facts: Facts) -> nn.Module:
    """The network with random weights."""
    classes, size, patch = len(facts.class_names), facts.input_size, facts.patch
    return create(facts.architecture, classes, size, patch, facts.model_kwargs)


def frozen(network: nn.Module, facts: Facts) -> FrozenNetwork:
    """The network as it is."""
    names, interpolation = facts.class_names, facts.interpolation
    return FrozenNetwork(
        network, facts.input_size, facts.mean, facts.std, names, interpolation=interpolation
    )


@torch.no_grad()
def check(network: nn.Module, facts: Facts, x_BCHW: Tensor) -> FrozenNetwork:
    """Make sure that the features are what the classifier reads.

    Raises:
        InputError: they are not, as with classifiers that read two tokens and are averaged.
    """
    result = frozen(network, facts)
    features_BD, _ = outputs(result, facts, x_BCHW)
    inputs = (_read_by(layers, result, x_BCHW) for layers in _classifiers(network))
    if not any(read and agree(torch.cat(read, dim=1), features_BD) for read in inputs):
        raise InputError(
            f"{facts.architecture} has no classifier that reads its features "
            "(distilled networks, for one, average two that read different tokens)"
        )
    return result


def _classifiers(network: nn.Module) -> list[list[nn.Module]]:
    """The classifiers (one, or several side by side), and their layers: some pool before them."""
    head = cast(Any, network).get_classifier()
    parts = [head] if isinstance(head, nn.Module) else list(head)
    inner = [layer for part in parts for layer in part.modules()]
    return [parts, [layer for layer in inner if isinstance(layer, nn.Linear | nn.Conv2d)]]


def _read_by(layers: list[nn.Module], network: FrozenNetwork, x_BCHW: Tensor) -> list[Tensor]:
    """The tensors that the layers are given; one for all that read the same tensor."""
    read: dict[int, Tensor] = {}
    with ExitStack() as hooks:
        for layer in layers:
            note = layer.register_forward_pre_hook(lambda _, x: read.update({id(x[0]): x[0]}))
            hooks.callback(note.remove)
        network(x_BCHW)
    return [tensor.flatten(1) for tensor in read.values()]


def create(
    architecture: str,
    classes: int,
    size: Size | None = None,
    patch: int | None = None,
    model_kwargs: Mapping[str, Any] | None = None,
) -> nn.Module:
    """A timm network with random weights, for inputs of ``size`` and patches of side ``patch``.

    Raises:
        InputError: timm knows no such architecture, or it cannot have this size or patch.
    """
    import timm  # 5 s: imported where a network is really made

    require_known(architecture)
    sized = img_size(architecture, size)
    try:
        options = sized | dict(model_kwargs or {})
        network = timm.create_model(architecture, num_classes=classes, **options)
        _set_patch(network, architecture, size, patch)
    except InputError:
        raise
    except UNBUILDABLE as error:
        raise InputError(f"timm cannot build {architecture} so: {reason(error)}") from error
    return network


def require_known(architecture: str) -> None:
    """Make sure that timm can build an architecture of this name.

    Raises:
        InputError: timm has no such architecture; the message names similar ones.
    """
    import timm

    # timm would pass over a tag of weights, and look up other places behind a colon.
    plain, _, tag = architecture.partition(".")
    if tag and timm.is_model(plain):
        raise InputError(f"{architecture} names weights, not only an architecture; write {plain}")
    current = timm.models.get_deprecated_models().get(architecture)
    if current:
        raise InputError(f"timm's {architecture} is now called {current}")
    if tag or not timm.is_model(architecture):
        near = similar(architecture, timm.list_models(), 5, 0.5)
        raise InputError(f"timm has no architecture {shown(architecture)}; similar: {near}")


def img_size(architecture: str, size: Size | None) -> dict[str, Any]:
    """The argument that sets the input size, for architectures that are built for one size."""
    import timm

    known = timm.models.get_pretrained_cfg(architecture)
    return {"img_size": size} if size and known and known.fixed_input_size else {}


def _set_patch(network: nn.Module, architecture: str, size: Size | None, patch: int | None) -> None:
    own_patch = patch_of(network)
    if patch and own_patch is None:
        raise InputError(f"{architecture} has no patches, so `patch` has no meaning for it")
    changeable = hasattr(network, "set_input_size")
    side = patch or own_patch
    # Networks without this method, such as most convolutional ones, take inputs of any size.
    if size and side and changeable and any(extent % side for extent in size):
        raise InputError(f"patches of side {side} do not tile an input of {size[0]}x{size[1]}")
    if patch and patch != own_patch:
        if changeable:
            cast(Any, network).set_input_size(img_size=size, patch_size=(patch, patch))
        if patch_of(network) != patch:
            raise InputError(f"{architecture} has patches of side {own_patch} and no others")
