"""A model's predictions, their accuracy and their loss."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lorvp.datasets.labelled_images import LabelledImages
from lorvp.training.passes import Place


@dataclass(frozen=True)
class Predictions:
    """For each of N images the class with the largest logit, its probability, and the loss."""

    predicted_N: Tensor
    confidence_N: Tensor
    loss_N: Tensor

    def accuracy(self, labels_N: Tensor) -> float:
        """Share of images whose predicted class is their label, in 0..1."""
        return float((self.predicted_N == labels_N.to(self.predicted_N.device)).double().mean())


@torch.inference_mode()
def predict(model: nn.Module, images: LabelledImages) -> Predictions:
    """Predictions for every image in order, by a model from images_BHWC to logits."""
    model.eval()
    batches = [_predict(model(x_BHWC), y_B) for x_BHWC, y_B in images.batches()]
    return Predictions(*(torch.cat(column) for column in zip(*batches, strict=True)))


def _predict(logits_BK: Tensor, labels_B: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    confidence_B, predicted_B = logits_BK.softmax(1).max(1)
    return predicted_B, confidence_B, F.cross_entropy(logits_BK, labels_B, reduction="none")


class Score:
    """Loss and correctness of each image of a split, in place of those of the pass before."""

    def __init__(self, images: LabelledImages) -> None:
        self.loss_N = torch.zeros(len(images), device=images.device)
        self.right_N = torch.zeros(len(images), dtype=torch.bool, device=images.device)

    def tensors(self) -> tuple[Tensor, Tensor]:
        return self.loss_N, self.right_N

    def note(self, place: Place, logits_BK: Tensor, labels_B: Tensor) -> None:
        """Take the logits of a batch."""
        predicted_B, _, loss_B = _predict(logits_BK, labels_B)
        self.loss_N[place.rows] = loss_B
        self.right_N[place.rows] = predicted_B == labels_B

    def means(self) -> tuple[float, float]:
        """Mean loss and accuracy over all images."""
        return float(self.loss_N.double().mean()), float(self.right_N.double().mean())
