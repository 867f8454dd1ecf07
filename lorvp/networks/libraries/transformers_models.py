"""Image classifiers of Hugging Face's transformers, by their configuration alone.

A configuration may come from anybody, and the library would do much that it says: load kernels and
code from the hub, or other libraries' weights. So a network is built from what the class of its
configuration itself declares, and from plain values.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from lorvp.errors import InputError
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.libraries.split_networks import split_check, split_frozen
from lorvp.networks.manifest import Facts
from lorvp.networks.options.base import UNBUILDABLE, reason
from lorvp.text.quoted import shown, similar

TYPE = "model_type"
ELSEWHERE = {"timm_wrapper": "is one of timm's networks; write `kind: timm`"}


class Logits(nn.Module):
    """A classifier of the library's that gives its logits alone."""

    def __init__(self, inside: nn.Module) -> None:
        super().__init__()
        self.inside = inside

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return self.inside(pixel_values=x_BCHW).logits


def library() -> Any:
    """The package, which is an extra of this one.

    Raises:
        InputError: it is not installed.
    """
    try:
        import transformers  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise InputError(
            "networks of kind transformers need its package: `uv sync --extra transformers`, or "
            "`pip install 'lorvp[transformers]'`"
        ) from error
    return transformers


def build(facts: Facts) -> nn.Module:
    """The network with random weights.

    Raises:
        InputError: the library has no such classifier, or it cannot be built so.
    """
    model, config = described(facts.architecture, facts.model_kwargs, len(facts.class_names))
    try:
        return model(config)
    except UNBUILDABLE as error:
        raise InputError(
            f"transformers cannot build {facts.architecture} so: {reason(error)}"
        ) from error


def described(architecture: str, settings: Mapping[str, Any], classes: int) -> tuple[Any, Any]:
    """The class of a network, and its configuration.

    Raises:
        InputError: there is no such classifier, or it has no such settings.
    """
    from huggingface_hub.errors import StrictDataclassError

    settings = dict(settings)
    kind = config_class(settings.pop(TYPE, None))
    model = _model_class(kind, architecture)
    if strange := sorted(settings.keys() - declared(kind, settings).keys()):
        raise InputError(f"model_kwargs: {', '.join(strange)}: no setting of {architecture}")
    if declared(kind, settings) != settings:
        raise InputError(f"model_kwargs: {architecture} has parts with settings of others")
    try:
        return model, kind(**settings, num_labels=classes)
    except (*UNBUILDABLE, StrictDataclassError) as error:
        raise InputError(f"model_kwargs: {architecture}: {reason(error)}") from error


def config_class(kind: Any) -> Any:
    """The class of the configurations of a type of network.

    Raises:
        InputError: the library has no image classifiers of this type.
    """
    known = library().models.auto.modeling_auto.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES
    if kind in ELSEWHERE:
        raise InputError(f"{kind} {ELSEWHERE[kind]}")
    if kind not in known:
        near = similar(str(kind), known, 5, 0.5)
        raise InputError(f"transformers has no image classifier {shown(kind)}; similar: {near}")
    return library().CONFIG_MAPPING[kind]


def declared(kind: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Those settings that the class of a configuration declares itself, and not its base."""
    base = {field.name for field in dataclasses.fields(library().PreTrainedConfig)}
    own = {field.name for field in dataclasses.fields(kind)} - base
    found = {}
    for name, value in settings.items():
        if name not in own or name.startswith("_"):
            continue
        inner = kind.sub_configs.get(name)
        if inner is None and _is_plain(value):
            found[name] = value
        elif isinstance(value, Mapping) and dataclasses.is_dataclass(inner):
            found[name] = declared(inner, value)
    return found


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)


def _model_class(kind: Any, architecture: str) -> Any:
    found = library().MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING[kind]
    classes = {one.__name__: one for one in (found if isinstance(found, tuple) else (found,))}
    if architecture not in classes:
        raise InputError(
            f"transformers classifies images of {kind.model_type} by {' or '.join(classes)}, not "
            f"by {shown(architecture)}"
        )
    return classes[architecture]


def frozen(network: nn.Module, facts: Facts) -> FrozenNetwork:
    """The network split before its classifier; ``network`` itself is used up."""
    return split_frozen(Logits(network), facts)


def check(network: nn.Module, facts: Facts, x_BCHW: Tensor) -> FrozenNetwork:
    """Make sure that the split network gives what the whole gives.

    Raises:
        InputError: it does not.
    """
    return split_check(build, frozen, Logits(network.eval()), network, facts, x_BCHW)
