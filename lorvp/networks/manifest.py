"""What is known of a checkpoint: ``Facts`` before it has weights, then its manifest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from lorvp.networks.interface import Canvas, Ends, Interpolation, Tokens, filled
from lorvp.networks.options import OPTIONS
from lorvp.networks.options.allowed import checked_by
from lorvp.networks.options.base import Factor
from lorvp.settings import Positive, Template
from lorvp.text.quoted import shown


def _known_library(library: str) -> str:
    if library not in OPTIONS:
        raise ValueError(f"there is no library {shown(library)}; there is: {', '.join(OPTIONS)}")
    return library


Side = Annotated[int, Field(ge=1, le=2048)]
"""Pixels."""
Colours = Annotated[list[Factor], Field(min_length=3, max_length=3)]
Deviations = Annotated[list[Positive], Field(min_length=3, max_length=3)]
WIDEST, DEEPEST = 2**16, 1000
"""Of a vision transformer: values of a token, and blocks."""
Digest = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")]
Line = Annotated[str, Field(max_length=10_000)]


class Facts(BaseModel):
    """Facts of a network that are known before its weights, and are enough to build it.

    Facts come with a checkpoint that somebody else may have made, so each has a type and bounds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    library: Annotated[str, AfterValidator(_known_library)]
    """The library that builds the network: one of `networks/libraries`."""
    architecture: Line
    """The library's name for it."""
    model_kwargs: dict[str, Any] = {}
    """Further arguments for the library."""
    input_size: tuple[Side, Side]
    """Height and width in pixels."""
    mean: Colours
    std: Deviations
    interpolation: Interpolation
    """How the network's own images were resized."""
    crop: Annotated[float, Field(gt=0, le=10)] | None = None
    """The share of a resized image's side that the network's own evaluation looks at; methods
    here lay the whole image on the canvas."""
    patch: Side | None = None
    """Side of its patches in pixels; null if it has none, or for the architecture's own."""
    class_names: Annotated[list[Line], Field(max_length=2**20)]
    """Names of the source classes in the order of the logits; empty if texts are the classes."""
    head: Line | None = None
    """The layer whose input the features are, where the user named it; else it is looked for."""
    own_code: Annotated[dict[Line, Digest], Field(max_length=10_000)] = {}
    """A hash of each file of the user's own code that builds the network, by its module's name."""
    templates: Annotated[list[Template], Field(min_length=1, max_length=1000)] | None = None
    """Templates of the texts that are the classes of a network that reads text; else null."""
    source: Line
    """Where the weights come from."""
    source_sha256: Digest | None = None
    """SHA-256 of the file that the weights were read from, if it was one file."""
    licence: Line | None = None
    """Licence of the weights, as their source states it."""
    accuracy: Annotated[float, Field(ge=0, le=1)] | None = None
    """Accuracy on held-out images of the source task, if this project trained the network."""
    trained_on: Line | None = None
    """The device on which this project trained the network, such as ``NVIDIA H200`` or ``cpu``."""

    @model_validator(mode="after")
    def _has_known_options(self) -> Facts:
        checked_by(OPTIONS[self.library])(self.model_kwargs)
        return self


class CheckpointManifest(Facts):
    """manifest.json of a checkpoint."""

    features: Annotated[int, Field(ge=0, le=2**20)]
    """Number of features that the classifier reads; 0 if only logits are known."""
    tokens: Tokens | None
    """Width and number of blocks of a plain vision transformer; else null."""
    made_from: Line
    """Hash of the settings, data and code that made it; a second run compares it with its own."""
    weights_sha256: Digest | Literal[""]
    """Empty in a sketch."""

    @field_validator("tokens")
    @classmethod
    def _of_no_larger_network_than_there_is(cls, tokens: Tokens | None) -> Tokens | None:
        """Here and not at the numbers themselves, since a named tuple cannot say it of its own."""
        if tokens and not (1 <= tokens.width <= WIDEST and 1 <= tokens.blocks <= DEEPEST):
            raise ValueError(f"should be a width of 1 to {WIDEST} and 1 to {DEEPEST} blocks")
        return tokens

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
