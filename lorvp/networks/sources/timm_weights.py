"""timm's published weights: where they lie, and how a network is filled with them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lorvp.errors import InputError
from lorvp.networks.libraries import timm_models
from lorvp.networks.manifest import Facts
from lorvp.networks.options.base import UNBUILDABLE, reason
from lorvp.networks.sources.base import reaching
from lorvp.networks.sources.hub_description import described
from lorvp.networks.weights_file import fill, misfit, require_file
from lorvp.networks.weights_names import state_for

HUB = "hf-hub:"


@dataclass(frozen=True)
class TimmSource:
    """Weights by a name that timm knows, or that a description on the hub explains."""

    name: str
    architecture: str
    cfg: Any
    """timm's PretrainedCfg."""
    model_kwargs: dict[str, Any]
    label: str
    """The name of this source in a manifest."""

    @property
    def resizable(self) -> bool:
        """Whether the same weights can read images of another size."""
        import timm

        if not self.cfg.fixed_input_size:
            return True
        with torch.device("meta"):
            return hasattr(timm.create_model(self.architecture), "set_input_size")

    def download(self, facts: Facts) -> tuple[nn.Module, str | None]:
        """The network with the hub's weights, and the SHA-256 of their file.

        Raises:
            InputError: the hub cannot be reached, or has no such weights.
        """
        import timm

        sized = timm_models.img_size(self.architecture, facts.input_size)
        with reaching(self._address):
            found = self._fetched()
            try:
                network = timm.create_model(
                    self.name, pretrained=True, **sized, **facts.model_kwargs
                )
            except UNBUILDABLE as error:
                raise InputError(f"{self.name}: {reason(error)}") from error
        differs = misfit(timm_models.build(facts).state_dict(), network.state_dict())
        assert not differs, f"{self.name} is not built again as it was loaded: {differs}"
        return network, found

    @property
    def _address(self) -> str:
        repository = self.cfg.hf_hub_id
        return f"https://huggingface.co/{repository}" if repository else str(self.cfg.url)

    def _fetched(self) -> str | None:
        """The SHA-256 of the file that timm is going to read; None where it is not the hub's."""
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import RemoteEntryNotFoundError

        if not self.cfg.hf_hub_id:
            return None
        repository, _, revision = self.cfg.hf_hub_id.partition("@")
        own = self.cfg.hf_hub_filename
        for filename in [own] if own else ["model.safetensors", "pytorch_model.bin"]:
            try:
                path = hf_hub_download(repository, filename, revision=revision or None)
            except RemoteEntryNotFoundError:
                continue
            return require_file(Path(path))
        raise InputError(f"{self._address} has no weights that timm knows")


def find(name: str) -> TimmSource:
    """The source of the weights called ``name``.

    Raises:
        InputError: timm does not know it; the message names similar ones.
    """
    return _of_hub(name) if name.startswith(HUB) else _of_timm(name)


def _of_hub(name: str) -> TimmSource:
    from timm.models import PretrainedCfg

    repository = name.removeprefix(HUB)
    description, architecture, options = described(repository)
    timm_models.require_known(architecture)
    cfg = PretrainedCfg(**description.model_dump(), hf_hub_id=repository, source="hf-hub")
    return TimmSource(name, architecture, cfg, options, f"timm:{name}")


def _of_timm(name: str) -> TimmSource:
    import timm

    if "/" in name:
        raise InputError(f"{name!r} looks like a name of the Hugging Face hub; write {HUB}{name}")
    architecture, _, tag = name.partition(".")
    timm_models.require_known(architecture)
    tags = [known.partition(".")[2] for known in timm.list_pretrained(f"{architecture}.*")]
    if tag and tag not in tags:
        near = get_close_matches(tag, tags, n=1)
        hint = f"did you mean {architecture}.{near[0]}? " if near else ""
        raise InputError(f"timm has no weights {name!r}; {hint}there is: {', '.join(tags)}")
    cfg = timm.models.get_pretrained_cfg(name)
    if cfg is None:
        raise InputError(f"timm says nothing of {name}'s images; use kind: trained for it")
    full = f"{architecture}.{cfg.tag}" if cfg.tag else architecture
    return TimmSource(full, architecture, cfg, {}, f"timm:{full}")


def loaded(facts: Facts, path: Path, expected_sha256: str | None) -> tuple[nn.Module, str]:
    """The network with the weights of a local file, and the file's SHA-256.

    Raises:
        InputError: the file is not what it should be, or does not fit key by key.
    """
    found = require_file(path, expected_sha256)
    network = timm_models.build(facts)
    if path.suffix.lower() in (".npz", ".npy"):
        _load_arrays(network, path, facts.architecture)
    else:
        state = state_for(network, path, facts.architecture, partial(_converted, network))
        fill(network, state, path, facts.architecture)
    return network, found


def _converted(network: nn.Module, state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """The tensors under today's names, converted as timm converts those of the hub."""
    convert = getattr(sys.modules[type(network).__module__], "checkpoint_filter_fn", None)
    return state if convert is None else convert(state, network)


def _load_arrays(network: nn.Module, path: Path, architecture: str) -> None:
    """Load Google's format. timm ignores arrays that it has no place for, so values are counted."""
    import timm

    with np.load(path, allow_pickle=False) as file:
        given = sum(file[name].size for name in file.files)
    own = sum(parameter.numel() for parameter in network.parameters())
    if given != own:
        raise InputError(
            f"{path} does not fit {architecture}: it holds {given:,} numbers, the network {own:,}. "
            "(timm has no place for the layer pre_logits of Google's first ImageNet-21k files; "
            "other differences come from `num_classes`.)"
        )
    try:
        timm.models.load_checkpoint(network, str(path))
    except UNBUILDABLE as error:
        raise InputError(f"{path} does not fit {architecture}: {reason(error)}") from error
