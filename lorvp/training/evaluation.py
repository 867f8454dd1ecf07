"""What a model answers, and how good the answers are."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lorvp.datasets.prepared import LabelledImages


@dataclass(frozen=True)
class Predictions:
    """A model's answers for N images: class with the largest logit, its probability, the loss."""

    predicted_N: Tensor
    confidence_N: Tensor
    loss_N: Tensor

    def accuracy(self, labels_N: Tensor) -> float:
        return float((self.predicted_N == labels_N).double().mean())


@torch.inference_mode()
def predict(model: nn.Module, images: LabelledImages) -> Predictions:
    """The answer of a model from images_BHWC to logits, for every image in order."""
    model.eval()
    answers = [_answers(model(x_BHWC), y_B) for x_BHWC, y_B in images.batches()]
    return Predictions(*(torch.cat(column) for column in zip(*answers, strict=True)))


def _answers(logits_BK: Tensor, labels_B: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    confidence_B, predicted_B = logits_BK.softmax(1).max(1)
    return predicted_B, confidence_B, F.cross_entropy(logits_BK, labels_B, reduction="none")


def measure(model: nn.Module, images: LabelledImages) -> tuple[float, float]:
    """Mean loss and accuracy."""
    answers = predict(model, images)
    return float(answers.loss_N.double().mean()), answers.accuracy(images.labels_N)
