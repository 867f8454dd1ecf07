"""Any network from images to logits, brought to timm's interface: what its classifier reads, and
the classifier.

The classifier is found by looking: of the layers that a real batch goes through, the last one that
is linear over features (``nn.Linear``, or a convolution of single pixels, whose features are then
pooled) and for which ``logits = classifier(features)`` holds. A user may name another layer. Where
there is neither, the network has logits alone.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, cast

import torch
from torch import Tensor, nn

from lorvp.errors import InputError
from lorvp.networks.agreement import agree
from lorvp.networks.options.base import UNBUILDABLE
from lorvp.text.quoted import similar


class Headed(nn.Module):
    """A network with timm's interface."""

    layout: torch.memory_format = torch.channels_last
    """Of images and weights; what flattens its maps by ``view`` needs the contiguous one."""


class Split(Headed):
    """A network whose last layer is a classifier that stands apart."""

    def __init__(self, body: nn.Module, head: nn.Linear) -> None:
        super().__init__()
        self.body, self.head = body, head
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


class Tap(nn.Module):
    """A layer inside a network, and what it was given last."""

    given: Tensor | None = None

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        self.given = x
        return self.layer(x)


class Tapped(Headed):
    """A network whose features are what a layer inside it reads, pooled, and whose logits are its
    own."""

    def __init__(self, whole: nn.Module, name: str, classes: int, features: int) -> None:
        super().__init__()
        whole.set_submodule(name, Tap(whole.get_submodule(name)))
        self.whole, self.name = whole, name
        self.num_classes, self.head_hidden_size = classes, features

    def forward_features(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """features_BD and logits_BS"""
        logits_BS, tap = self.whole(x), cast(Tap, self.whole.get_submodule(self.name))
        given, tap.given = tap.given, None
        return pooled(cast(Tensor, given)), logits_BS

    def forward_head(self, x: tuple[Tensor, Tensor], pre_logits: bool = False) -> Tensor:
        """The one or the other."""
        return x[0] if pre_logits else x[1]

    def reset_classifier(self, num_classes: int) -> None:
        """Its last layers stay, and take no gradient."""
        assert num_classes == 0


class Whole(Headed):
    """A network of which only the logits are known."""

    head_hidden_size = 0

    def __init__(self, whole: nn.Module, classes: int) -> None:
        super().__init__()
        self.whole, self.num_classes = whole, classes

    def forward_features(self, x: Tensor) -> Tensor:
        """logits_BS"""
        return self.whole(x)

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """logits_BS"""
        assert not pre_logits, "mappings that read features are refused before"
        return x

    def reset_classifier(self, num_classes: int) -> None:
        """Nothing can be taken off."""
        raise AssertionError("mappings that read features are refused before")


def pooled(x: Tensor) -> Tensor:
    """features_BD of features, of tokens_BND or of a map_BDHW: the mean over tokens or places."""
    if x.ndim == 4:
        return x.mean((2, 3))
    return x.mean(1) if x.ndim == 3 else x


@torch.no_grad()
def split(whole: nn.Module, x_BCHW: Tensor, logits_BS: Tensor, named: str | None) -> Headed:
    """``whole``, which gives these logits for these images, with timm's interface.

    It is used up. On the meta device, where no numbers can be compared, an ``nn.Linear`` is
    believed and a convolution is not.

    Raises:
        InputError: the layer that was ``named`` is not there, or reads no features.
    """
    seen = _layers(whole, x_BCHW)
    if named is not None:
        _require_known(whole, named, seen)
        return _apart(whole, named, x_BCHW, logits_BS) or _tapped(
            whole, named, seen[named], logits_BS.shape[1]
        )
    classes = logits_BS.shape[1]
    for name in reversed(seen):
        layer = whole.get_submodule(name)
        believed = isinstance(layer, nn.Linear) or not x_BCHW.is_meta
        if believed and _linear(layer, classes) is not None:
            found = _apart(whole, name, x_BCHW, logits_BS)
            if found is not None:
                return found
    return Whole(whole, classes)


def _layers(whole: nn.Module, x_BCHW: Tensor) -> dict[str, Tensor]:
    """What each layer is given, by name and in the order of calls; those called twice are not."""
    seen: dict[str, Tensor] = {}
    calls: dict[str, int] = {}

    def noting(name: str) -> Any:
        def note(layer: nn.Module, given: tuple) -> None:
            calls[name] = calls.get(name, 0) + 1
            if given and isinstance(given[0], Tensor):
                seen[name] = given[0]

        return note

    with ExitStack() as hooks:
        for name, layer in whole.named_modules():
            if name:
                hooks.callback(layer.register_forward_pre_hook(noting(name)).remove)
        whole(x_BCHW)
    return {name: given for name, given in seen.items() if calls[name] == 1}


def _linear(layer: nn.Module, classes: int) -> nn.Linear | None:
    """The layer as one over features; None if it is no such layer with so many classes."""
    if isinstance(layer, nn.Linear):
        return layer if layer.out_features == classes else None
    if not isinstance(layer, nn.Conv2d) or layer.out_channels != classes:
        return None
    if layer.groups > 1 or layer.kernel_size != (1, 1) or layer.padding not in ((0, 0), "valid"):
        return None
    made = nn.Linear(layer.in_channels, classes, layer.bias is not None, device="meta")
    made.weight = nn.Parameter(layer.weight.detach().flatten(1), requires_grad=False)
    if layer.bias is not None:
        made.bias = nn.Parameter(layer.bias.detach(), requires_grad=False)
    return made


def _apart(whole: nn.Module, name: str, x_BCHW: Tensor, logits_BS: Tensor) -> Split | None:
    """The network split at a layer, if the layer makes the logits out of what is left."""
    layer = whole.get_submodule(name)
    head = _linear(layer, logits_BS.shape[1])
    if head is None:
        return None
    whole.set_submodule(name, nn.Identity())
    try:
        features_BD = whole(x_BCHW)
    except UNBUILDABLE:  # what comes behind it works with its outputs alone
        features_BD = None
    shape = (len(x_BCHW), head.in_features)
    fits = isinstance(features_BD, Tensor) and features_BD.shape == shape
    if fits and agree(head(features_BD), logits_BS):
        return Split(whole, head)
    whole.set_submodule(name, layer)
    return None


def _tapped(whole: nn.Module, name: str, given: Tensor, classes: int) -> Tapped:
    features_BD = pooled(given)
    if features_BD.ndim != 2 or not features_BD.is_floating_point():
        raise InputError(f"features: {name} is given {tuple(given.shape)}, which are no features")
    return Tapped(whole, name, classes, features_BD.shape[1])


def _require_known(whole: nn.Module, name: str, seen: dict[str, Tensor]) -> None:
    if name in seen:
        return
    known = [own for own, _ in whole.named_modules() if own]
    if name in known:
        raise InputError(f"features: images do not go through the layer {name} once")
    near = similar(name, known, 5, 0.4)
    raise InputError(f"features: the network has no layer {name!r}; similar: {near or known[-5:]}")
