"""What mappings have in common that compare an image with several sentences for each class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from lorvp.mappings.base import Mapping
from lorvp.mappings.descriptions import sentences
from lorvp.mappings.encoded import encoded, text_of
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Ends


class Similarities(Mapping):
    """M sentences for each of K classes: similarities_BKM = scale <image_B, sentence_KM>, both of
    unit length, where scale is the network's exp(logit_scale)."""

    reads = "features"
    text_KMD: Tensor
    scale: Tensor

    def __init__(self, ends: Ends, paths: Sequence[Path], per_class: int, least: int = 1) -> None:
        """``paths``: files of sentences; the M = ``per_class`` of each stand side by side."""
        super().__init__(ends.target_classes)
        self.names, self.paths = ends.target_names, tuple(paths)
        self.per_class, self.least = per_class, least
        shape = ends.target_classes, per_class * len(self.paths), ends.features
        self.register_buffer("text_KMD", torch.zeros(shape))
        self.register_buffer("scale", torch.tensor(0.0))

    def attach(self, network: FrozenNetwork) -> None:
        for number, path in enumerate(self.paths):
            texts = sentences(path, self.names, self.per_class, self.least)
            rows_ND = encoded(network, [text for own in texts for text in own])
            first = number * self.per_class
            own_KMD = self.text_KMD[:, first : first + self.per_class]
            own_KMD.copy_(rows_ND.view_as(own_KMD))
        self.scale.fill_(text_of(network).scale)

    def similarities(self, outputs: Tensor) -> Tensor:
        """similarities_BKM"""
        classes, number, features = self.text_KMD.shape
        rows_ND = self.text_KMD.view(classes * number, features)
        similarity_BN = self.scale * F.normalize(outputs, dim=1) @ rows_ND.T
        return similarity_BN.view(-1, classes, number)

    def weighted(self, outputs: Tensor, weight_KM: Tensor) -> Tensor:
        """logits_BK: each class's similarities in a weighted sum, by way of its mean sentence."""
        class_KD = (weight_KM[:, :, None] * self.text_KMD).sum(1)
        return self.scale * F.normalize(outputs, dim=1) @ class_KD.T


def highest(similarity_BKM: Tensor, number: int) -> Tensor:
    """1.0 at the ``number`` highest along the last dimension, else 0.0; its sums take gradients in
    an order that a GPU does not choose."""
    chosen = similarity_BKM.topk(number, dim=-1).indices
    place_M = torch.arange(similarity_BKM.shape[-1], device=similarity_BKM.device)
    return (chosen[..., None] == place_M).any(-2).to(similarity_BKM.dtype)
