"""Mappings that compare class names, through the text encoder of a CLIP-like network.

`text` is CLIP's zero-shot classifier (Radford et al., arXiv 2103.00020), the output of VP, EVP
and AdaViPro: exp(logit_scale) <image, text_k>, both of unit length. `semantic` is AutoVP's
SemanticMap (arXiv 2310.08381): each target class takes the source class whose name is nearest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from lorvp.mappings.base import Mapping
from lorvp.mappings.selection import Selection
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Ends, filled
from lorvp.settings import Count, Differs, Origin, Settings, Template


class TextConfig(Settings):
    """The zero-shot classifier: nothing is trained but the prompt."""

    kind: Literal["text"] = "text"
    template: Template = "This is a photo of a {}"
    """VP's and EVP's; names are lower-cased, and _ and - become spaces, as in VP's code."""

    origin: ClassVar[Origin] = Origin(
        paper="CLIP, Radford et al., ICML 2021, arXiv 2103.00020",
        formula="scale * <f, text_k>, both of unit length",
        recipe="VP's code (template, names)",
    )

    def build(self, ends: Ends) -> Mapping:
        ends.require_text(self.kind)
        return TextHead(ends, self.template)


class SemanticConfig(Settings):
    """Source classes by the meaning of their names, without training images."""

    kind: Literal["semantic"] = "semantic"
    per_target: Count = 1
    """Source classes of each target class, whose logits are averaged."""
    template: Template = "This is a photo of a {}"
    """Around both names; the published code's template is not known."""

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
        ends.require_text(self.kind)
        ends.require_sources(self.kind, self.per_target)
        return Semantic(ends, self.per_target, self.template)


def embedded(network: FrozenNetwork, names: Sequence[str], template: str) -> Tensor:
    """The names' embeddings_ND, of unit length."""
    assert network.text is not None, "settings are checked before the network is attached"
    return F.normalize(network.text.encode(filled([template], names)), dim=1)


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
        assert network.text is not None
        self.text_KD.copy_(embedded(network, self.names, self.template))
        self.scale.fill_(network.text.scale)

    def forward(self, outputs: Tensor) -> Tensor:
        return self.scale * F.normalize(outputs, dim=1) @ self.text_KD.T


class Semantic(Selection):
    """In rounds: each target in turn takes the most similar source that is still free."""

    def __init__(self, ends: Ends, per_target: int, template: str) -> None:
        super().__init__(ends.target_classes, per_target)
        self.ends, self.template = ends, template

    def attach(self, network: FrozenNetwork) -> None:
        targets_KD = embedded(network, self.ends.target_names, self.template)
        sources_SD = embedded(network, self.ends.source_names, self.template)
        per_target = self.source_KM.shape[1]
        self.source_KM.copy_(in_rounds(targets_KD @ sources_SD.T, per_target))


def in_rounds(similarity_KS: Tensor, per_target: int) -> Tensor:
    """source_KM: ``per_target`` rounds over the targets, ties to the smallest source."""
    free_S = torch.ones(similarity_KS.shape[1], dtype=torch.bool, device=similarity_KS.device)
    rounds = []
    for _ in range(per_target):
        for similarity_S in similarity_KS:
            rounds.append(int(similarity_S.masked_fill(~free_S, -torch.inf).argmax()))
            free_S[rounds[-1]] = False
    return torch.tensor(rounds).view(per_target, -1).T
