"""RVP: trained weights of each class's sentences, and a trained matrix between classes.

Li et al., "Reprogramming Vision-Language Models via Structured Prompt Reparameterization" (2026).
With s(x, a) CLIP's similarity of image and sentence, P (K x M) and E (K x K):

    f_t = sum over m of softmax(P_t)_m s(x, a_tm)    (eq. 3)
    z   = f (I + E)                                  (eq. 4)

E starts at 0. How P starts is not said; here at 0, so that all sentences weigh the same (our
reading). K M + K^2 values are trained, 12,000 for 100 classes of 20 sentences (table 11). All of it
is one matrix on the normalised image embedding (eq. 7), which exports have in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from lorvp.mappings.descriptions import DescriptionsFile, require_sentences
from lorvp.mappings.settings import MappingSettings
from lorvp.mappings.similarities import Similarities
from lorvp.networks.interface import Ends
from lorvp.settings import Count, Differs, Origin, Positive


class RvpConfig(MappingSettings):
    """Sentences of each class in trained weights of M, then a trained matrix between classes: K M +
    K^2 values."""

    kind: Literal["rvp"] = "rvp"
    descriptions: DescriptionsFile = "data/descriptions/{dataset}_des.json"
    """Sentences that describe each class, DVP's in the paper; see the README of
    `data/descriptions`."""
    per_class: Count = 20
    """M, sentences of each class; the paper's."""
    lr: Positive = 1e-3
    """Learning rate of P and E, the paper's (its prompt has 40), unless training has
    `lr_mapping`."""

    origin: ClassVar[Origin] = Origin(
        paper="RVP, Li et al., 2026",
        formula="f (I + E), f_k = sum over m of softmax(P_k)_m s(x, a_km)",
        recipe="the paper (M, learning rate)",
        differs=(
            Differs("P starts at 0, so that all sentences weigh the same; the paper does not say"),
            Differs("the first sentences of each class"),
            Differs("the user's sentences or DVP's file of them; none comes with this tool"),
        ),
    )

    def build(self, ends: Ends) -> Structured:
        ends.require_text(self.kind)
        return Structured(ends, [*self.files.values()], self.per_class, self.lr)

    def require_files(self, target_names: Sequence[str]) -> None:
        require_sentences(self, target_names)


class Structured(Similarities):
    """``within_KM`` is P, ``between_KK`` is E."""

    def __init__(self, ends: Ends, paths: Sequence[Path], per_class: int, lr: float) -> None:
        super().__init__(ends, paths, per_class)
        self.lr = lr
        self.within_KM = nn.Parameter(torch.zeros(ends.target_classes, per_class))
        self.between_KK = nn.Parameter(torch.zeros(ends.target_classes, ends.target_classes))

    def forward(self, outputs: Tensor) -> Tensor:
        logits_BK = self.weighted(outputs, self.within_KM.softmax(1))
        return logits_BK + logits_BK @ self.between_KK
