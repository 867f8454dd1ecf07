"""CLIP and its relatives, with open_clip's published weights or a file of weights.

OpenAI's own weights were trained with QuickGELU. open_clip tells that by the architecture's name
(`ViT-B-32-quickgelu`), and since 3.0 only warns if `ViT-B-32` is given these weights; the outputs
would be a little wrong. So a mismatch is refused here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from torch import nn

from lorvp.errors import InputError
from lorvp.networks import checkpoint
from lorvp.networks.libraries import open_clip_models
from lorvp.networks.libraries.open_clip_models import library, settings_of
from lorvp.networks.manifest import Facts
from lorvp.networks.options.allowed import checked_by
from lorvp.networks.options.base import UNBUILDABLE, reason
from lorvp.networks.options.open_clip_options import OpenClipOptions
from lorvp.networks.sources.base import Made, PublishedConfig, digests, reaching
from lorvp.networks.weights_file import require_file
from lorvp.settings import Template

DEFAULT_TEMPLATE = "This is a photo of a {}."
"""ILM-VP's and AutoVP's codes put it before OpenAI's 80."""

Templates = Annotated[list[Template], Field(min_length=1)]


class ClipConfig(PublishedConfig):
    """Its classes are texts: every template with every name of the target task."""

    kind: Literal["clip"] = "clip"
    name: str
    """open_clip's name of the architecture, such as `ViT-B-32-quickgelu`."""
    weights: str = "openai"
    """open_clip's tag of the weights, which also says how images are normalised."""
    file: str | None = None
    """The same weights in a local file, in place of a download."""
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-fA-F]{64}$")
    """SHA-256 of `file`; another file is refused."""
    model_kwargs: Annotated[dict[str, Any], AfterValidator(checked_by(OpenClipOptions))] = Field(
        default={}
    )
    """Replacements for some of open_clip's settings: `embed_dim`, `vision_cfg`, `text_cfg`, …"""
    input_size: int | None = Field(default=None, ge=8, le=2048)
    """Height and width in pixels; the architecture's own unless given."""
    templates: Literal["openai80"] | Templates = "openai80"
    """The texts; openai80 is one plain sentence and OpenAI's 80 for ImageNet, as in ILM-VP."""

    def facts(self, source_names: Sequence[str] | None = None) -> Facts:
        """open_clip's own description, which its package brings."""
        settings, weights = settings_of(self.name, self.model_kwargs), self._tag()
        self._require_activation(settings, weights)
        own = settings["vision_cfg"].get("image_size", 224)
        size = self.input_size or own
        return Facts(
            library="open_clip",
            architecture=self.name,
            model_kwargs=self.model_kwargs,
            input_size=(size, size),
            mean=list(weights["mean"]),
            std=list(weights["std"]),
            interpolation=weights["interpolation"],
            crop=1.0 if weights["resize_mode"] == "shortest" else None,
            class_names=[],
            templates=self._sentences(),
            source=self.source(f"open_clip:{self.name}/{self.weights}"),
            source_sha256=self.sha256,
        )

    def make(self, datasets: Path, device: str = "cpu") -> Made:
        facts = self.facts()
        checkpoint.sketch(facts)  # what cannot be used is not fetched
        path = Path(self.file) if self.file else self._downloaded()
        found = require_file(path, self.sha256)
        network = open_clip_models.build(facts)
        _load(network, path, self.name)
        facts = facts.model_copy(update={"source_sha256": found})
        return Made(network, facts, f"{facts.source}, {len(facts.templates or [])} texts per class")

    def inputs(self, datasets: Path) -> dict[str, Any]:
        return digests(self.file)

    def _tag(self) -> dict[str, Any]:
        found = library().get_pretrained_cfg(self.name, self.weights)
        if not found:
            tags = library().list_pretrained_tags_by_model(self.name)
            offer = ", ".join(tags)
            raise InputError(f"open_clip has no weights {self.weights!r} of {self.name}: {offer}")
        return found

    def _require_activation(self, settings: dict[str, Any], weights: dict[str, Any]) -> None:
        trained, built = weights.get("quick_gelu", False), settings.get("quick_gelu", False)
        if trained and not built:
            raise InputError(
                f"the weights {self.weights} of {self.name} were trained with QuickGELU; "
                f"write {self.name}-quickgelu"
            )
        if built and not trained:
            plain = self.name.removesuffix("-quickgelu")
            raise InputError(
                f"the weights {self.weights} were trained with GELU, not QuickGELU; write {plain}"
            )

    def _sentences(self) -> list[str]:
        if self.templates != "openai80":
            return list(self.templates)
        return [DEFAULT_TEMPLATE, *(fill("{}") for fill in library().OPENAI_IMAGENET_TEMPLATES)]

    def _downloaded(self) -> Path:
        from open_clip.pretrained import download_pretrained

        weights = self._tag()
        repository = weights.get("hf_hub", "").strip("/")
        address = f"https://huggingface.co/{repository}" if repository else weights["url"]
        with reaching(address):
            return Path(download_pretrained(weights))


def _load(network: nn.Module, path: Path, name: str) -> None:
    try:
        library().load_checkpoint(network, str(path))
    except UNBUILDABLE as error:
        raise InputError(f"{path} does not fit {name}: {reason(error)}") from error
