"""A model's predictions, their accuracy and their loss."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lorvp.datasets.labelled_images import LabelledImages


@dataclass(frozen=True)
class Predictions:
    """For each of N images the class with the largest logit, its probability, and the loss."""

    predicted_N: Tensor
    confidence_N: Tensor
    loss_N: Tensor

    def accuracy(self, labels_N: Tensor) -> float:
        """Share of images whose predicted class is their label, in 0..1."""
        return float((self.predicted_N == labels_N).double().mean())


@torch.inference_mode()
def predict(model: nn.Module, images: LabelledImages) -> Predictions:
    """Predictions for every image in order, by a model from images_BHWC to logits."""
    model.eval()
    batches = [_predict(model(x_BHWC), y_B) for x_BHWC, y_B in images.batches()]
    return Predictions(*(torch.cat(column) for column in zip(*batches, strict=True)))


def _predict(logits_BK: Tensor, labels_B: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    confidence_B, predicted_B = logits_BK.softmax(1).max(1)
    return predicted_B, confidence_B, F.cross_entropy(logits_BK, labels_B, reduction="none")


def measure(model: nn.Module, images: LabelledImages) -> tuple[float, float]:
    """Mean loss and accuracy over all images."""
    found = predict(model, images)
    return float(found.loss_N.double().mean()), found.accuracy(images.labels_N)
