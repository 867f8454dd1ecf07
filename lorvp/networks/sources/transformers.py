"""Image classifiers of Hugging Face's transformers, from the hub or a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import torch
from pydantic import Field
from torch import nn

from lorvp.errors import InputError
from lorvp.files import strict_json
from lorvp.files.whole import sha256
from lorvp.images import Size
from lorvp.networks import checkpoint
from lorvp.networks.interface import Interpolation
from lorvp.networks.libraries import transformers_models
from lorvp.networks.libraries.transformers_models import config_class, declared
from lorvp.networks.manifest import Facts
from lorvp.networks.options.base import UNBUILDABLE, reason
from lorvp.networks.sources.base import Made, NetworkConfig, reaching
from lorvp.networks.sources.class_names import labelled, lines_of
from lorvp.networks.sources.timm import Colours, Deviations
from lorvp.networks.weights_file import misfit

CONFIG, IMAGES = "config.json", "preprocessor_config.json"
WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
RESAMPLE = {2: "bilinear", 3: "bicubic"}
"""Pillow's numbers."""


class TransformersConfig(NetworkConfig):
    """Any network of `AutoModelForImageClassification`, with safetensors."""

    kind: Literal["transformers"] = "transformers"
    name: str
    """A folder, or a repository of the hub: `organisation/name`, with or without `@revision`."""
    input_size: int | None = Field(default=None, ge=8, le=2048)
    """Height and width in pixels; that of preprocessor_config.json unless given."""
    mean: Colours | None = None
    """Given where preprocessor_config.json is missing or wrong."""
    std: Deviations | None = None
    """Given as `mean` is."""
    interpolation: Interpolation | None = None
    """Given as `mean` is."""
    class_names: str | None = None
    """A text file with a name per line, in place of those in config.json."""

    def facts(self, source_names: Sequence[str] | None = None) -> Facts:
        """The repository's own description."""
        place = Place(self.name)
        config, images = place.read(CONFIG), _Images(place.read(IMAGES, needed=False))
        kind = config_class(config.get(transformers_models.TYPE))
        settings = {transformers_models.TYPE: kind.model_type} | declared(kind, config)
        size = (self.input_size, self.input_size) if self.input_size else images.size
        if size is None:
            raise InputError(f"{self.name}: {IMAGES} tells no size of images; write `input_size`")
        return Facts(
            library="transformers",
            architecture=_architecture(config, self.name),
            model_kwargs=settings,
            input_size=size,
            mean=list(self.mean or images.mean),
            std=list(self.std or images.std),
            interpolation=self.interpolation or images.interpolation,
            class_names=self._names(config),
            source=f"transformers:{place.label}",
        )

    def _names(self, config: dict[str, Any]) -> list[str]:
        if self.class_names is not None:
            return lines_of(self.class_names)
        return labelled(config.get("id2label"), f"{self.name}: {CONFIG}: id2label")

    def make(self, datasets: Path, device: str = "cpu") -> Made:
        facts = self.facts()
        checkpoint.sketch(facts)  # what cannot be used is not fetched
        folder = Place(self.name).fetched()
        network = _loaded(folder, facts)
        whole = folder / WEIGHTS[0]
        if whole.is_file():
            facts = facts.model_copy(update={"source_sha256": sha256(whole)})
        return Made(network, facts, f"{facts.source}, {len(facts.class_names)} classes")

    def inputs(self, datasets: Path) -> dict[str, Any]:
        folder = Path(self.name)
        names = [Path(self.class_names)] if self.class_names else []
        files = [*names, *(sorted(folder.iterdir()) if folder.is_dir() else [])]
        return {path.name: sha256(path) for path in files if path.is_file()}


@dataclass(frozen=True)
class Place:
    """A folder, or a repository of the hub."""

    name: str

    @property
    def label(self) -> str:
        """The name of this source in a manifest."""
        return f"{Path(self.name).name}" if self._is_folder else self.name

    @property
    def _is_folder(self) -> bool:
        return Path(self.name).is_dir()

    def read(self, file: str, needed: bool = True) -> dict[str, Any]:
        """A JSON file; an empty one where it is missing and not ``needed``.

        Raises:
            InputError: the hub does not give it, it is missing, or no JSON object.
        """
        path = Path(self.name, file) if self._is_folder else self._downloaded(file)
        if path is None or not path.is_file():
            if needed:
                raise InputError(f"{self.name} has no {file}")
            return {}
        found = strict_json.read(path)
        if not isinstance(found, dict):
            raise InputError(f"{self.name}: {file} is no JSON object")
        return found

    def fetched(self) -> Path:
        """A folder with config and weights.

        Raises:
            InputError: there are none as safetensors, or the hub does not give them.
        """
        folder = Path(self.name)
        if not self._is_folder:
            from huggingface_hub import snapshot_download

            patterns = [CONFIG, *WEIGHTS, "model-*.safetensors"]
            with reaching(self._address):
                name, revision = self._repository
                fetched = snapshot_download(name, revision=revision, allow_patterns=patterns)
                folder = Path(fetched)
        if not any((folder / name).is_file() for name in WEIGHTS):
            raise InputError(f"{self.name} has no {WEIGHTS[0]}; pickles are not read here")
        return folder

    @property
    def _address(self) -> str:
        return f"https://huggingface.co/{self._repository[0]}"

    @property
    def _repository(self) -> tuple[str, str | None]:
        name, _, revision = self.name.partition("@")
        if name.count("/") != 1 or name.startswith(("/", ".")):
            raise InputError(f"{self.name} is no folder here, and no organisation/name of the hub")
        return name, revision or None

    def _downloaded(self, file: str) -> Path | None:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import RemoteEntryNotFoundError

        name, revision = self._repository
        with reaching(self._address):
            try:
                return Path(hf_hub_download(name, file, revision=revision))
            except RemoteEntryNotFoundError:
                return None


class _Images:
    """What preprocessor_config.json says of images."""

    def __init__(self, given: dict[str, Any]) -> None:
        if given.get("do_rescale") is False or given.get("rescale_offset"):
            raise InputError(f"{IMAGES}: images that are not in [0, 1] before mean and std")
        self.size = _size(given.get("crop_size")) if given.get("do_center_crop") else None
        self.size = self.size or _size(given.get("size"))
        plain = given.get("do_normalize") is False
        self.mean = [0.0] * 3 if plain else given.get("image_mean", [0.5] * 3)
        self.std = [1.0] * 3 if plain else given.get("image_std", [0.5] * 3)
        self._resample = given.get("resample", 2)

    @property
    def interpolation(self) -> Interpolation:
        if self._resample not in RESAMPLE:
            raise InputError(
                f"{IMAGES}: resample {self._resample}; write `interpolation` (bilinear, bicubic)"
            )
        return cast(Interpolation, RESAMPLE[self._resample])


def _size(given: Any) -> Size | None:
    """Height and width; a resized image's shorter side stands for both."""
    if isinstance(given, dict):
        side = given.get("shortest_edge")
        given = [given.get("height", side), given.get("width", side)]
    found = given if isinstance(given, list) else [given, given]
    whole = len(found) == 2 and all(isinstance(side, int) for side in found)
    return (found[0], found[1]) if whole else None


def _architecture(config: dict[str, Any], name: str) -> str:
    given = config.get("architectures")
    found = given[0] if isinstance(given, list) and given else None
    if not isinstance(found, str):
        raise InputError(f"{name}: {CONFIG} names no class under `architectures`")
    return found


def _loaded(folder: Path, facts: Facts) -> nn.Module:
    """The network with the folder's weights, by the library's own way of reading old names."""
    model, config = transformers_models.described(
        facts.architecture, facts.model_kwargs, len(facts.class_names)
    )
    try:
        network, told = model.from_pretrained(
            folder, config=config, use_safetensors=True, local_files_only=True,
            dtype=torch.float32, output_loading_info=True,
        )  # fmt: skip
    except (*UNBUILDABLE, OSError) as error:
        raise InputError(f"{folder} does not fit {facts.architecture}: {reason(error)}") from error
    for what, key in (("missing", "missing_keys"), ("too many", "unexpected_keys")):
        if keys := sorted(told[key]):
            shown = ", ".join(keys[:3])
            raise InputError(f"{folder} does not fit {facts.architecture}: {what}: {shown}")
    differs = misfit(transformers_models.build(facts).state_dict(), network.state_dict())
    assert not differs, f"{facts.architecture} is not built again as it was loaded: {differs}"
    return network
