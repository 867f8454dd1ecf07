"""A checkpoint: frozen weights and what is needed to use them, in one folder.

weights.safetensors   the network's state_dict, names as in timm
manifest.json         architecture, input size, mean and std, class names, origin, SHA-256
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from lorvp.errors import InputError
from lorvp.files import canonical, sha256, to_json, whole_folder
from lorvp.images import Size
from lorvp.networks.frozen import FrozenNetwork, TimmClassifier
from lorvp.outline import Canvas, Ends, Tokens, patch_of, tokens_of


class CheckpointManifest(BaseModel):
    """manifest.json of a checkpoint."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    architecture: str
    """timm's name."""
    input_size: tuple[int, int]
    mean: list[float]
    std: list[float]
    features: int
    """Width of what the classifier reads."""
    patch: int | None
    """Side of the network's patches in pixels; null where it has none."""
    tokens: Tokens | None
    """Width and number of blocks of a plain vision transformer; else null."""
    class_names: list[str]
    """Of the source classes, in the order of the logits."""
    origin: str
    """Where the weights come from."""
    accuracy: float | None
    """On images held out from the source task, where we trained the network ourselves."""
    weights_sha256: str

    @property
    def canvas(self) -> Canvas:
        """What a prompt needs to know to be built for this network."""
        return Canvas(self.input_size, tuple(self.mean), self.patch, self.tokens)

    def ends(self, target_names: Sequence[str]) -> Ends:
        """What a mapping needs to know to be built between this network and a task."""
        return Ends(tuple(self.class_names), self.features, tuple(target_names), text=False)

    @property
    def digest(self) -> str:
        """Identifies all of the checkpoint that can change an output."""
        fields = {"architecture", "input_size", "mean", "std", "weights_sha256"}
        return hashlib.sha256(canonical(self.model_dump(include=fields))).hexdigest()


def create(
    architecture: str, classes: int, size: Size | None = None, patch: int | None = None
) -> nn.Module:
    """A timm network with random weights, for inputs of ``size`` and patches of side ``patch``.

    Raises:
        InputError: timm knows no such architecture, or it cannot have this size or patch.
    """
    import timm  # 5 s: imported where a network is really made

    if not timm.is_model(architecture):
        near = timm.list_models(f"*{architecture.split('_')[0]}*")[:5]
        raise InputError(f"timm has no architecture {architecture!r}; similar: {near}")
    network = timm.create_model(architecture, num_classes=classes)
    own_patch = patch_of(network)
    if patch and own_patch is None:
        raise InputError(f"{architecture} has no patches, so `patch` has no meaning for it")
    # Networks without this method, such as most convolutional ones, take inputs of any size.
    if (size or patch) and hasattr(network, "set_input_size"):
        side = patch or own_patch
        if size and side and any(extent % side for extent in size):
            raise InputError(f"patches of side {side} do not tile an input of {size[0]}x{size[1]}")
        cast(Any, network).set_input_size(
            img_size=size, patch_size=(patch, patch) if patch else None
        )
    return network


def write(
    folder: Path, network: nn.Module, work: Path | None = None, **facts: Any
) -> CheckpointManifest:
    """Store ``network`` in ``folder``, by way of ``work``, with the manifest's ``facts``."""
    weights = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    with whole_folder(folder, work) as scratch:
        save_file(weights, scratch / "weights.safetensors")
        digest = sha256(scratch / "weights.safetensors")
        features = cast(TimmClassifier, network).head_hidden_size
        manifest = CheckpointManifest(
            weights_sha256=digest,
            features=features,
            patch=patch_of(network),
            tokens=tokens_of(network),
            **facts,
        )
        (scratch / "manifest.json").write_text(to_json(manifest.model_dump()))
    return manifest


def read_manifest(folder: Path) -> CheckpointManifest:
    """What ``folder`` holds, without reading the weights.

    Raises:
        InputError: the folder holds no checkpoint, or its manifest is damaged.
    """
    path = folder / "manifest.json"
    if not path.exists():
        raise InputError(f"{folder} is not a checkpoint: it has no manifest.json")
    try:
        return CheckpointManifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise InputError(f"{path} is damaged or of another version: {error}") from error


def load(folder: Path) -> FrozenNetwork:
    """The frozen network stored in ``folder``.

    Raises:
        InputError: the weights are missing or damaged, or do not fit the architecture key by key.
    """
    manifest = read_manifest(folder)
    path = folder / "weights.safetensors"
    if not path.exists():
        raise InputError(f"{folder} is incomplete: weights.safetensors is missing")
    if sha256(path) != manifest.weights_sha256:
        raise InputError(f"{path} is damaged: its SHA-256 is not the one in manifest.json")
    classes = len(manifest.class_names)
    network = create(manifest.architecture, classes, manifest.input_size, manifest.patch)
    try:
        network.load_state_dict(load_file(path))
    except (RuntimeError, SafetensorError) as error:
        raise InputError(f"{path} does not fit {manifest.architecture}: {error}") from error
    return FrozenNetwork(
        network, manifest.input_size, manifest.mean, manifest.std, manifest.class_names
    )
