"""Classifiers of torchvision with their published weights, by the name that torchvision gives."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import Field
from torch import Tensor

from lorvp.datasets.imagenet_classes import imagenet_names
from lorvp.errors import InputError
from lorvp.networks import checkpoint
from lorvp.networks.interface import Interpolation
from lorvp.networks.libraries import torchvision_models
from lorvp.networks.manifest import Facts
from lorvp.networks.sources.base import Made, PublishedConfig, digests, reaching
from lorvp.networks.weights_file import fill, require_file
from lorvp.networks.weights_names import state_for


class TorchvisionConfig(PublishedConfig):
    """`ResNet18_Weights.IMAGENET1K_V1`: architecture, images and class names come with it."""

    kind: Literal["torchvision"] = "torchvision"
    weights: str
    """torchvision's name, with the version; `DEFAULT` would change from release to release."""
    file: str | None = None
    """The same weights in a local file, in place of a download."""
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-fA-F]{64}$")
    """SHA-256 of `file`; another file is refused."""
    input_size: int | None = Field(default=None, ge=8, le=2048)
    """Height and width in pixels; the checkpoint's own unless given. Transformers have but one."""

    def facts(self, source_names: Sequence[str] | None = None) -> Facts:
        """torchvision's own description, which its package brings."""
        architecture, weights = find(self.weights)
        images, native = weights.transforms(), weights.transforms().crop_size[0]
        size = self.input_size or native
        return Facts(
            library="torchvision",
            architecture=architecture,
            model_kwargs=_options(architecture, native),
            input_size=(size, size),
            mean=images.mean,
            std=images.std,
            interpolation=cast(Interpolation, images.interpolation.value),
            crop=native / images.resize_size[0],
            class_names=_names(self.weights, weights.meta["categories"]),
            source=self.source(f"torchvision:{self.weights}"),
            source_sha256=self.sha256,
            licence=weights.meta.get("license"),
        )

    def make(self, datasets: Path, device: str = "cpu") -> Made:
        facts = self.facts()
        checkpoint.sketch(facts)  # what cannot be used is not fetched
        network = torchvision_models.build(facts)
        if self.file is None:
            state, found = _renamed(_downloaded(find(self.weights)[1])), None
        else:
            found = require_file(Path(self.file), self.sha256)
            state = state_for(network, Path(self.file), facts.architecture, _renamed)
        fill(network, state, facts.source, facts.architecture)
        facts = facts.model_copy(update={"source_sha256": found})
        return Made(network, facts, f"{facts.source}, {len(facts.class_names)} classes")

    def inputs(self, datasets: Path) -> dict[str, Any]:
        return digests(self.file)


def find(name: str) -> tuple[str, Any]:
    """The architecture and torchvision's description of the weights.

    Raises:
        InputError: torchvision does not know them; the message names similar ones.
    """
    from torchvision import models  # slow: imported where it is really used

    enums = {models.get_model_weights(a): a for a in models.list_models(module=models)}
    known = {f"{enum.__name__}.{one.name}": (a, one) for enum, a in enums.items() for one in enum}
    if name not in known:
        near = get_close_matches(name, known, n=3, cutoff=0.4)
        raise InputError(f"torchvision has no classifier's weights {name!r}; similar: {near}")
    return known[name]


def _options(architecture: str, native: int) -> dict[str, Any]:
    """Arguments that torchvision's builders add when they load these weights."""
    if architecture.startswith("vit_"):
        return {"image_size": native}
    if architecture in ("googlenet", "inception_v3"):
        # Their weights expect another normalisation, which the network itself applies.
        return {"transform_input": True, "aux_logits": False, "init_weights": False}
    return {}


def _names(weights: str, categories: Sequence[str] | None) -> list[str]:
    """torchvision's own list of the ImageNet classes has two cranes."""
    if categories is None or len(categories) != 1000:
        raise InputError(f"{weights} is no classifier: torchvision gives it no classes")
    return imagenet_names("imagenet-1k")


def _downloaded(weights: Any) -> Mapping[str, Tensor]:
    with reaching(weights.url):
        try:
            return weights.get_state_dict(progress=False, check_hash=True, weights_only=True)
        except RuntimeError as error:
            raise InputError(f"{weights.url}: {error}") from error


def _renamed(state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Without the branches that only training reads, and with the names of today's DenseNet."""
    old = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")
    result = state.__class__()
    for key, tensor in state.items():
        if not key.startswith(("AuxLogits.", "aux1.", "aux2.")):
            result[old.sub(r"\1\2", key)] = tensor  # type: ignore[index]
    if hasattr(state, "_metadata"):
        result._metadata = state._metadata  # type: ignore[attr-defined]
    return result
