"""What is said of a checkpoint: first without its weights, then with them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from lorvp.code import digest_of
from lorvp.files import canonical
from lorvp.images import Size
from lorvp.networks.libraries import LIBRARIES
from lorvp.outline import Canvas, Ends, Interpolation, Tokens, filled


class Facts(BaseModel):
    """All that is known before there are weights, and enough to build the network."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    library: str
    """Which builds the network: one of `networks/libraries`."""
    architecture: str
    """The library's name for it."""
    model_kwargs: dict[str, Any] = {}
    """What the library is told besides."""
    input_size: Size
    """Height and width in pixels."""
    mean: list[float]
    std: list[float]
    interpolation: Interpolation
    """With which the network's own images were resized."""
    crop: float | None = None
    """The share of a resized image's side that the network's own evaluation looks at; methods
    here lay the whole image on the canvas."""
    patch: int | None = None
    """Side of the network's patches in pixels; null where it has none, or its own are meant."""
    class_names: list[str]
    """Of the source classes, in the order of the logits; empty where texts are the classes."""
    templates: list[str] | None = None
    """Of the texts that are the classes of a network that reads text; else null."""
    source: str
    """Where the weights come from."""
    source_sha256: str | None = None
    """Of the file that was read, where it was one file."""
    licence: str | None = None
    """Of the weights, as their source states it."""
    accuracy: float | None = None
    """On images held out from the source task, where we trained the network ourselves."""


class CheckpointManifest(Facts):
    """manifest.json of a checkpoint."""

    features: int
    """Width of what the classifier reads."""
    tokens: Tokens | None
    """Width and number of blocks of a plain vision transformer; else null."""
    made_from: str
    """Hash of the settings, data and code that made it, by which a second run knows it."""
    weights_sha256: str
    """Empty in a sketch."""

    @property
    def canvas(self) -> Canvas:
        """What a prompt needs to know to be built for this network."""
        mean = tuple(self.mean)
        return Canvas(self.input_size, mean, self.patch, self.tokens, self.interpolation)

    def ends(self, target_names: Sequence[str]) -> Ends:
        """What a mapping needs to know to be built between this network and a task."""
        texts = filled(self.templates or [], target_names)
        reads_text = self.templates is not None
        return Ends((*self.class_names, *texts), self.features, tuple(target_names), reads_text)

    @property
    def digest(self) -> str:
        """Identifies all of the checkpoint that can change an output, the code that runs it too."""
        fields = {"library", "architecture", "model_kwargs", "input_size", "mean", "std"}
        fields |= {"interpolation", "patch", "templates", "weights_sha256"}
        facts = self.model_dump(include=fields)
        code = digest_of([LIBRARIES[self.library].__name__])
        return hashlib.sha256(canonical(facts | {"code": code})).hexdigest()
