"""open_clip's networks: an image and a text encoder whose embeddings are compared.

Radford et al., "Learning Transferable Visual Models From Natural Language Supervision"
(arXiv 2103.00020). The image embedding is the features; the classes are texts, and the logits
exp(logit_scale) <image, text>, both of unit length. (SigLIP's constant logit_bias is left out:
it is the same for all texts, so it changes no softmax.)
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lorvp.errors import InputError
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import filled
from lorvp.networks.libraries.checks import require_shape
from lorvp.networks.manifest import Facts
from lorvp.networks.options.base import UNBUILDABLE, reason
from lorvp.text.quoted import shown, similar

BATCH = 256
"""Texts that are encoded at once."""


class Texts:
    """The text encoder, which is not moved, trained or copied with the network."""

    def __init__(self, clip: Any, tokenizer: Any) -> None:
        self.tower = copy.copy(clip)
        self.tower._modules = {k: part for k, part in clip._modules.items() if k != "visual"}
        self.tower.eval().requires_grad_(False)
        self.visual, self.tokenizer = clip.visual, tokenizer
        self.scale = 0.0 if clip.logit_scale.is_meta else clip.logit_scale.exp().item()

    def encode(self, texts: Sequence[str]) -> Tensor:
        """embeddings_ND, computed on the image encoder's device, which keeps none of it."""
        home = self.tower.logit_scale.device
        device = next(self.visual.parameters()).device
        tokens_NL = self.tokenizer(list(texts))
        self.tower.to(device)
        with torch.no_grad():
            rows = [self.tower.encode_text(part.to(device)) for part in tokens_NL.split(BATCH)]
        self.tower.to(home)
        return torch.cat(rows)


class Bank:
    """The embeddings of some texts, computed when they are first asked for."""

    def __init__(self, text: Texts, texts: Sequence[str]) -> None:
        self.text, self.texts = text, tuple(texts)
        self._rows_ND: Tensor | None = None

    def __deepcopy__(self, memo: dict) -> Bank:
        return self  # never changes

    def logits(self, features_BD: Tensor) -> Tensor:
        """logits_BN"""
        if self._rows_ND is None or self._rows_ND.device != features_BD.device:
            # Embeddings made in inference mode could not be trained through later.
            with torch.inference_mode(False):
                self._rows_ND = F.normalize(self.text.encode(self.texts), dim=1)
        features_BD = features_BD.to(self._rows_ND.dtype)
        return self.text.scale * F.normalize(features_BD, dim=1) @ self._rows_ND.T


class ImageTower(nn.Module):
    """The image encoder with timm's interface."""

    def __init__(self, visual: nn.Module, width: int, bank: Bank | None = None) -> None:
        super().__init__()
        self.visual, self.head_hidden_size, self.bank = visual, width, bank
        self.num_classes = len(bank.texts) if bank else 0

    def forward_features(self, x: Tensor) -> Tensor:
        """The projected embeddings_BD, not of unit length."""
        return self.visual(x)

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """Similarities to the texts, or the embeddings as they are."""
        if pre_logits:
            return x
        assert self.bank is not None, "for_targets gives the network its classes"
        return self.bank.logits(x)

    def reset_classifier(self, num_classes: int) -> None:
        """Forget the texts."""
        assert num_classes == 0
        self.num_classes, self.bank = 0, None


class ClipNetwork(FrozenNetwork):
    """The image encoder. It has no classes until ``for_targets`` makes them for a task."""

    def __init__(self, tower: ImageTower, facts: Facts, text: Texts) -> None:
        super().__init__(
            tower, facts.input_size, facts.mean, facts.std, [], text, facts.interpolation
        )
        self.facts, self.texts = facts, text
        self._bound: dict[tuple[str, ...], FrozenNetwork] = {}

    def for_targets(self, target_names: Sequence[str]) -> FrozenNetwork:
        """The same weights, with a class for every template and name, template by template."""
        texts = filled(self.facts.templates or [], target_names)
        # Only the last task's is kept, as neighbours in a grid share their texts.
        if texts not in self._bound:
            self._bound = {texts: self._bind(texts)}
        return self._bound[texts].to(self.mean_C11.device)

    def _bind(self, texts: Sequence[str]) -> FrozenNetwork:
        tower, facts = cast(ImageTower, self.network), self.facts
        bound = ImageTower(tower.visual, tower.head_hidden_size, Bank(self.texts, texts))
        return FrozenNetwork(
            bound, facts.input_size, facts.mean, facts.std, texts, self.texts, facts.interpolation
        )


def library() -> Any:
    """open_clip, which is an extra of this package.

    Raises:
        InputError: it is not installed.
    """
    try:
        import open_clip
    except ImportError as error:
        raise InputError(
            "CLIP networks need open_clip: `uv sync --extra clip`, or `pip install 'lorvp[clip]'`"
        ) from error
    return open_clip


def settings_of(architecture: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """open_clip's settings of the architecture, with what replaces some of them.

    Raises:
        InputError: open_clip has no such architecture, or it needs a tokenizer or a text encoder
            that would be downloaded.
    """
    known = library().list_models()
    if architecture not in known:  # a name with a colon would lead to a hub or a folder
        near = similar(architecture, known, 5, 0.5)
        raise InputError(f"open_clip has no architecture {shown(architecture)}; similar: {near}")
    settings = library().get_model_config(architecture) | copy.deepcopy(dict(changes))
    text = settings["text_cfg"]
    foreign = text.get("hf_tokenizer_name") or text.get("hf_model_name")
    if foreign or "multimodal_cfg" in settings:
        needed = f"the tokenizer {foreign}" if foreign else "a text decoder"
        raise InputError(f"{architecture} needs {needed}, which is not supported")
    if "timm_model_name" in settings["vision_cfg"]:
        settings["vision_cfg"]["timm_model_pretrained"] = False
    return settings


def build(facts: Facts) -> nn.Module:
    """Both encoders with random weights. (open_clip.create_model would warn that they are.)

    Raises:
        InputError: open_clip cannot build them so.
    """
    open_clip, settings = library(), settings_of(facts.architecture, facts.model_kwargs)
    settings["vision_cfg"]["image_size"] = facts.input_size[0]
    kind = open_clip.CustomTextCLIP if settings.pop("custom_text", False) else open_clip.CLIP
    try:
        return kind(**settings)
    except UNBUILDABLE as error:
        said = reason(error)
        raise InputError(f"open_clip cannot build {facts.architecture} so: {said}") from error


def frozen(network: nn.Module, facts: Facts) -> FrozenNetwork:
    """The image encoder, with the text encoder beside it."""
    settings = settings_of(facts.architecture, facts.model_kwargs)
    clip = cast(Any, network).eval()
    tokenizer = library().get_tokenizer(facts.architecture, context_length=clip.context_length)
    tower = ImageTower(clip.visual, settings["embed_dim"])
    return ClipNetwork(tower, facts, Texts(clip, tokenizer))


@torch.no_grad()
def check(network: nn.Module, facts: Facts, x_BCHW: Tensor) -> FrozenNetwork:
    """Make sure that both encoders give embeddings of one width.

    Raises:
        InputError: they do not.
    """
    result = cast(ClipNetwork, frozen(network, facts))
    features_BD = result(x_BCHW, "features")
    require_shape("features", features_BD, result.features, facts.architecture)
    text_ND = result.texts.encode(["a"])
    require_shape("values of a text", text_ND, result.features, facts.architecture)
    return result
