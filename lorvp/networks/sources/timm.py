"""Classifiers of timm, with their published weights or a file of weights.

Mean, std, input size, number and names of the classes are the checkpoint's own, not those of the
paper that used it: a rule such as LoR-VP's ("21k" in the name: no normalisation) is wrong for most.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import AfterValidator, Field, model_validator

from lorvp.errors import InputError
from lorvp.images import Size
from lorvp.networks import checkpoint
from lorvp.networks.interface import Interpolation
from lorvp.networks.manifest import Facts
from lorvp.networks.options.allowed import checked_by
from lorvp.networks.options.base import Factor
from lorvp.networks.options.timm_options import TimmFileOptions
from lorvp.networks.sources.base import Made, PublishedConfig, digests
from lorvp.networks.sources.class_names import names_of
from lorvp.networks.sources.timm_weights import TimmSource, find, loaded
from lorvp.settings import Positive

Colours = Annotated[tuple[Factor, Factor, Factor], Field(strict=False)]
Deviations = Annotated[tuple[Positive, Positive, Positive], Field(strict=False)]


class TimmConfig(PublishedConfig):
    """Any timm classifier: `resnet18.a1_in1k`, or `hf-hub:organisation/name`."""

    kind: Literal["timm"] = "timm"
    name: str
    """timm's name with the tag of the weights, as on the Hugging Face hub."""
    file: str | None = None
    """Local weights in place of the hub's: safetensors, a state_dict, or Google's .npz."""
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-fA-F]{64}$")
    """SHA-256 of `file`; another file is refused."""
    model_kwargs: Annotated[dict[str, Any], AfterValidator(checked_by(TimmFileOptions))] = Field(
        default={}
    )
    """Further arguments for timm, such as `pad_type: same`, or `num_classes` of a file."""
    input_size: int | None = Field(default=None, ge=8, le=2048)
    """Height and width in pixels; the checkpoint's own unless given."""
    mean: Colours | None = None
    """Given for a file whose network was trained on images normalised in another way."""
    std: Deviations | None = None
    """Given as `mean` is."""
    interpolation: Interpolation | None = None
    """Given as `mean` is."""
    class_names: str | None = None
    """A text file with a name per line, where the checkpoint brings none."""

    of_a_file: ClassVar[tuple[str, ...]] = ("sha256", "mean", "std", "interpolation")

    @model_validator(mode="after")
    def _has_usable_arguments(self) -> TimmConfig:
        if "num_classes" in self.model_kwargs and self.file is None:
            raise ValueError("model_kwargs: num_classes of the hub's weights cannot be changed")
        return self

    def facts(self, source_names: Sequence[str] | None = None) -> Facts:
        """timm's own description, which its package brings; `hf-hub:` reads config.json."""
        source = find(self.name)
        cfg, options = source.cfg, {**source.model_kwargs, **self.model_kwargs}
        classes = int(options.pop("num_classes", cfg.num_classes))
        if not classes:
            raise InputError(f"{self.name} is no classifier: its weights have no classes")
        return Facts(
            library="timm",
            architecture=source.architecture,
            model_kwargs=options,
            input_size=self._size(source),
            mean=list(self.mean or cfg.mean),
            std=list(self.std or cfg.std),
            interpolation=self._interpolation(cfg.interpolation),
            crop=cfg.crop_pct,
            class_names=names_of(self.name, classes, cfg, self.class_names),
            source=self.source(source.label),
            source_sha256=self.sha256,
            licence=None if self.file else cfg.license,
        )

    def _size(self, source: TimmSource) -> Size:
        height, width = source.cfg.input_size[1:]
        wanted = (self.input_size, self.input_size) if self.input_size else (height, width)
        if wanted != (height, width) and not source.resizable:
            raise InputError(f"{self.name} reads images of {height}x{width} and no others")
        return cast(Size, wanted)

    def _interpolation(self, own: str) -> Interpolation:
        wanted = self.interpolation or own
        if wanted not in ("bilinear", "bicubic"):
            raise InputError(f"{self.name} resizes images by {own}; here: bilinear or bicubic")
        return cast(Interpolation, wanted)

    def make(self, datasets: Path, device: str = "cpu") -> Made:
        facts = self.facts()
        checkpoint.sketch(facts)  # what cannot be used is not fetched
        if self.file is None:
            network, found = find(self.name).download(facts)
        else:
            network, found = loaded(facts, Path(self.file), self.sha256)
        facts = facts.model_copy(update={"source_sha256": found})
        return Made(network, facts, f"{facts.source}, {len(facts.class_names)} classes")

    def inputs(self, datasets: Path) -> dict[str, Any]:
        return digests(self.file, self.class_names)
