"""Mappings that compare class names, through the text encoder of a CLIP-like network.

`text` is CLIP's zero-shot classifier (Radford et al., arXiv 2103.00020), the output of VP, EVP
and AdaViPro: exp(logit_scale) <image, text_k>, both of unit length. `semantic` is AutoVP's
SemanticMap (arXiv 2310.08381): each target class takes the source class whose name is nearest, in
the eyes of a CLIP that may be another network than the one that is prompted.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from lorvp.errors import InputError
from lorvp.mappings.base import Mapping
from lorvp.mappings.encoded import encoded, encoded_by, text_of
from lorvp.mappings.selection import Selection
from lorvp.mappings.settings import MappingSettings, OwnCheckpoint, checkpoint_digest
from lorvp.networks import checkpoint
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Ends, filled
from lorvp.settings import Count, Differs, Origin, Template


class TextConfig(MappingSettings):
    """Class names, through the text encoder of a CLIP-like network: the zero-shot classifier."""

    kind: Literal["text"] = "text"
    template: Template = "This is a photo of a {}"
    """VP's and EVP's; names are lower-cased, and _ and - become spaces, as in VP's code. For VP and
    AR, AttrVR has "This is a photo of {}." (whose code keeps capitals and -)."""

    origin: ClassVar[Origin] = Origin(
        paper="CLIP, Radford et al., ICML 2021, arXiv 2103.00020",
        formula="scale * <f, text_k>, both of unit length",
        recipe="VP's code (template, names)",
    )

    def build(self, ends: Ends) -> Mapping:
        ends.require_text(self.kind)
        return TextHead(ends, self.template)


class SemanticConfig(MappingSettings):
    """The source classes whose names are nearest in meaning, without training images."""

    kind: Literal["semantic"] = "semantic"
    per_target: Count = 1
    """Source classes of each target class, whose logits are averaged."""
    template: Template = "{}"
    """Around both names; the published code compares bare names. They are in lower case here, with
    spaces for _ and -."""
    reader: Annotated[str | None, OwnCheckpoint()] = None
    """A CLIP that reads the names: a name under `checkpoints`, or a checkpoint's folder. The
    published code takes OpenAI's ViT-B/32, and only for networks that read no text. null: the
    network reads them itself."""

    origin: ClassVar[Origin] = Origin(
        paper="AutoVP's SemanticMap, ICLR 2024, arXiv 2310.08381",
        formula="mean over m of z[source_km], the nearest names",
        recipe="AutoVP's code",
        differs=(
            Differs(
                "for networks that read text, names in a sentence; the code does it for "
                "networks that do not, with bare names, through CLIP's ViT-B/32",
            ),
        ),
    )

    def build(self, ends: Ends) -> Mapping:
        if self.reader is None:
            ends.require_text(self.kind, "; or name a CLIP as `reader`")
        ends.require_sources(self.kind, self.per_target)
        return Semantic(ends, self.per_target, self.template, self.checkpoints.get("reader"))

    def require_files(self, target_names: Sequence[str]) -> None:
        for field, folder in self.checkpoints.items():
            if checkpoint.read_manifest(folder).templates is None:
                raise InputError(f"{field}: {folder} reads no text; name a checkpoint of kind clip")


def embedded(network: FrozenNetwork, names: Sequence[str], template: str) -> Tensor:
    """The names' embeddings_ND, of unit length."""
    return encoded(network, filled([template], names))


class TextHead(Mapping):
    """``scale * image_BD @ text_KD.T``, both of unit length."""

    reads = "features"
    text_KD: Tensor
    scale: Tensor

    def __init__(self, ends: Ends, template: str) -> None:
        super().__init__(ends.target_classes)
        self.names, self.template = ends.target_names, template
        self.register_buffer("text_KD", torch.zeros(ends.target_classes, ends.features))
        self.register_buffer("scale", torch.tensor(0.0))

    def attach(self, network: FrozenNetwork) -> None:
        self.text_KD.copy_(embedded(network, self.names, self.template))
        self.scale.fill_(text_of(network).scale)

    def forward(self, outputs: Tensor) -> Tensor:
        return self.scale * F.normalize(outputs, dim=1) @ self.text_KD.T


class Semantic(Selection):
    """In rounds: each target in turn takes the most similar source that is still free."""

    def __init__(
        self, ends: Ends, per_target: int, template: str, reader: Path | None = None
    ) -> None:
        """``reader``: the folder of a CLIP that reads the names in place of the network."""
        super().__init__(ends.target_classes, per_target)
        self.ends, self.template, self.reader = ends, template, reader

    def attach(self, network: FrozenNetwork) -> None:
        names = [*self.ends.target_names, *self.ends.source_names]
        rows_ND = self._embedded(network, filled([self.template], names))
        targets_KD, sources_SD = rows_ND.split([self.target_classes, self.ends.source_classes])
        per_target = self.source_KM.shape[1]
        self.source_KM.copy_(in_rounds(targets_KD @ sources_SD.T, per_target))

    def _embedded(self, network: FrozenNetwork, texts: tuple[str, ...]) -> Tensor:
        if self.reader is None:
            return encoded(network, texts)
        digest = checkpoint_digest(self.reader)
        if digest is None:
            raise InputError(f"reader: there is no checkpoint {self.reader}")
        return encoded_by(self.reader, digest, texts)


def in_rounds(similarity_KS: Tensor, per_target: int) -> Tensor:
    """source_KM: ``per_target`` rounds over the targets, ties to the smallest source."""
    free_S = torch.ones(similarity_KS.shape[1], dtype=torch.bool, device=similarity_KS.device)
    rounds = []
    for _ in range(per_target):
        for similarity_S in similarity_KS:
            rounds.append(int(similarity_S.masked_fill(~free_S, -torch.inf).argmax()))
            free_S[rounds[-1]] = False
    return torch.tensor(rounds).view(per_target, -1).T
