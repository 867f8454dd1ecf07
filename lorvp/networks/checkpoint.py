"""A checkpoint: frozen weights and what is needed to use them, in one folder.

weights.safetensors   the network's state_dict, names as in the library that builds it
manifest.json         what the network is, how its images look, its class names, its source
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors.torch import save_file
from torch import nn

from lorvp.code_digest import digest_of
from lorvp.errors import InputError
from lorvp.files import strict_json
from lorvp.files.whole import canonical, sha256, to_json, whole_folder
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.libraries import LIBRARIES
from lorvp.networks.loading import loaded
from lorvp.networks.manifest import CheckpointManifest, Facts
from lorvp.networks.options import OPTIONS
from lorvp.text.problems import told

FILES = ("manifest.json", "weights.safetensors")
DECIDE = {
    "library", "architecture", "model_kwargs", "input_size", "mean", "std", "interpolation",
    "patch", "templates", "weights_sha256", "class_names", "features", "tokens",
    "head", "own_code",
}  # fmt: skip
"""Fields of a manifest that can change an output, or what prompts and mappings are built for."""


def sketch(facts: Facts) -> tuple[CheckpointManifest, FrozenNetwork]:
    """The checkpoint as it will be, with a network that has shapes but no weights (meta device).

    Raises:
        InputError: the network cannot be built so, or cannot be used as a classifier.
    """
    with torch.device("meta"):
        network = LIBRARIES[facts.library].build(facts)
    result = _checked(network, facts)
    manifest = _manifest(facts, result, made_from="", weights_sha256="")
    _require_shapes_alone(result.to("meta"), facts)
    return manifest, result


def write(
    folder: Path, network: nn.Module, facts: Facts, work: Path | None = None, made_from: str = ""
) -> CheckpointManifest:
    """Store ``network`` in ``folder``, by way of ``work``; it is used up.

    Raises:
        InputError: its features are not what its classifier reads.
    """
    # Copies, since a file of tensors holds none that share memory.
    layout = torch.contiguous_format
    weights = {name: t.clone(memory_format=layout) for name, t in network.state_dict().items()}
    with whole_folder(folder, work, keep_others=True) as scratch:
        save_file(weights, scratch / "weights.safetensors")
        written = sha256(scratch / "weights.safetensors")
        manifest = _manifest(facts, _checked(network, facts), made_from, written)
        (scratch / "manifest.json").write_text(to_json(manifest.model_dump()))
    return manifest


def read_manifest(folder: Path) -> CheckpointManifest:
    """What ``folder`` holds, without reading the weights.

    Raises:
        InputError: the folder holds no checkpoint, or its manifest is damaged.
    """
    path = folder / "manifest.json"
    if not path.is_file():
        raise InputError(f"{folder} is not a checkpoint: it has no manifest.json")
    try:
        return CheckpointManifest.model_validate_json(strict_json.text(path), strict=True)
    except ValidationError as error:
        raise InputError(f"{path} is damaged or of another version: {told(error)}") from error


def digest(manifest: CheckpointManifest) -> str:
    """Identifies all of the checkpoint that can change an output, the code that runs it too."""
    library = manifest.library
    modules = [LIBRARIES[library].__name__, OPTIONS[library].__module__, "lorvp.networks.loading"]
    facts = manifest.model_dump(include=DECIDE) | {"code": digest_of(modules)}
    return hashlib.sha256(canonical(facts)).hexdigest()


def holds(folder: Path, made_from: str) -> bool:
    """Whether ``folder`` is whole and was made from just this."""
    try:
        manifest = read_manifest(folder)
        _require_whole(folder, manifest)
    except InputError:
        return False
    return manifest.made_from == made_from


def load(folder: Path) -> FrozenNetwork:
    """The frozen network stored in ``folder``.

    Raises:
        InputError: the weights are missing or damaged, or do not fit the architecture key by key.
    """
    manifest = read_manifest(folder)
    path = _require_whole(folder, manifest)
    return loaded(LIBRARIES[manifest.library], manifest, path)


def _require_whole(folder: Path, manifest: CheckpointManifest) -> Path:
    """The file of weights."""
    path = folder / "weights.safetensors"
    if not path.is_file():
        raise InputError(f"{folder} is incomplete: weights.safetensors is missing")
    if sha256(path) != manifest.weights_sha256:
        raise InputError(f"{path} is damaged: its SHA-256 is not the one in manifest.json")
    return path


def _manifest(
    facts: Facts, network: FrozenNetwork, made_from: str, weights_sha256: str
) -> CheckpointManifest:
    canvas = network.canvas
    found = {"patch": canvas.patch, "tokens": canvas.tokens, "features": network.features}
    made = {"made_from": made_from, "weights_sha256": weights_sha256}
    return CheckpointManifest.model_validate(facts.model_dump() | found | made)


def _require_shapes_alone(network: FrozenNetwork, facts: Facts) -> None:
    """Make sure that a network gives shapes for shapes, by which its cost and memory are counted.

    Raises:
        InputError: it does one thing or another depending on numbers.
    """
    try:
        x_BCHW = torch.empty(2, 3, *facts.input_size, device="meta")
        network(x_BCHW, "features" if network.features else "logits")
    except (RuntimeError, NotImplementedError, TypeError, ValueError) as error:
        said = " ".join(str(error).split())[:300]
        raise InputError(
            f"{facts.architecture} looks at numbers while it computes, so that its costs cannot "
            f"be counted beforehand ({said}); trials train all the same, on a GPU with a number as "
            "`compute.lanes`"
        ) from error


def _checked(network: nn.Module, facts: Facts) -> FrozenNetwork:
    """The network frozen, once it has read two images as it should."""
    height, width = facts.input_size
    device = next(network.parameters()).device
    x_BCHW = torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(0))
    try:
        # Nothing is in training mode; what draws numbers all the same must not move the seed.
        with torch.random.fork_rng(devices=[]):
            return LIBRARIES[facts.library].check(network, facts, x_BCHW.to(device))
    except InputError:
        raise
    except (AssertionError, RuntimeError, ValueError, NotImplementedError) as error:
        size = f"{height}x{width}"
        raise InputError(f"{facts.architecture} cannot read images of {size}: {error}") from error
