"""AttrVR: classes by the sentences that an image is nearest to.

Cai et al., "Attribute-based Visual Reprogramming for Vision-Language Models" (ICLR 2025). A class
has m sentences that describe it, and m that tell it from the others. With s(x, a) CLIP's similarity
of image and sentence, a class's logit is

    lambda * mean of the k highest s(x, descriptive) + (1 - lambda) * mean of the k highest
    s(x, distinctive)

so that k and the images' own choice move with the prompt. Nothing is trained in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field
from torch import Tensor

from lorvp.mappings.descriptions import DescriptionsFile, NearestSettings, OptionalFile
from lorvp.mappings.similarities import Similarities, highest
from lorvp.networks.interface import Ends
from lorvp.settings import Count, Differs, Origin


class AttrVrConfig(NearestSettings):
    """The nearest of several sentences for each class, from two files."""

    kind: Literal["attrvr"] = "attrvr"
    descriptive: DescriptionsFile = "data/descriptions/{dataset}_des.json"
    """Sentences that describe each class; see the README of `data/descriptions`."""
    distinctive: OptionalFile = "data/descriptions/{dataset}_dist.json"
    """Sentences that tell each class from the others; null: only the descriptive ones, as in RVP's
    table 12."""
    per_class: Count = 20
    """m, sentences of each class in each file; the paper's."""
    nearest: Count = 3
    """k; the paper's."""
    share: float = Field(default=0.5, ge=0, le=1)
    """lambda, the weight of the descriptive ones; the paper's."""

    origin: ClassVar[Origin] = Origin(
        paper="AttrVR, Cai et al., ICLR 2025, arXiv 2501.13982",
        formula="lambda mean of the k highest s(x, des_k) + (1 - lambda) the same of dist_k",
        recipe="AttrVR's code (m, k, lambda)",
        differs=(
            Differs("the first sentences of each class, not as many drawn at random"),
            Differs("the user's sentences or the paper's file of them; none comes with this tool"),
        ),
    )

    def build(self, ends: Ends) -> Similarities:
        ends.require_text(self.kind)
        share = self.share if self.distinctive else 1.0
        return Nearest(ends, [*self.files.values()], self.per_class, self.nearest, share)


class Nearest(Similarities):
    """``share * mean of the first file's k nearest + (1 - share) * mean of the second's``."""

    def __init__(
        self, ends: Ends, paths: Sequence[Path], per_class: int, nearest: int, share: float
    ) -> None:
        super().__init__(ends, paths, per_class, least=nearest)
        self.nearest, self.shares = nearest, (share, 1 - share)[: len(paths)]

    def forward(self, outputs: Tensor) -> Tensor:
        files = self.similarities(outputs).split(self.per_class, dim=2)
        means = [self._mean(similarity_BKM) for similarity_BKM in files]
        first_BK, *others = (w * mean for w, mean in zip(self.shares, means, strict=True))
        return sum(others, first_BK)

    def _mean(self, similarity_BKM: Tensor) -> Tensor:
        chosen_BKM = highest(similarity_BKM.detach(), self.nearest)
        return (chosen_BKM * similarity_BKM).sum(2) / self.nearest
