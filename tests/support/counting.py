"""Counts of predictions for mappings, for one model and without lanes."""

import functools
import operator

import torch
from torch import Tensor

from lorvp.datasets.labelled_images import LabelledImages
from lorvp.training.model import PromptedNetwork


def refresh_mapping(model: PromptedNetwork, train: LabelledImages, epoch: int) -> None:
    """Give the mapping fresh counts where it asks for them before ``epoch``."""
    if model.mapping.due(epoch):
        model.mapping.refresh(count_predictions(model, train))


@torch.inference_mode()
def count_predictions(model: PromptedNetwork, images: LabelledImages) -> Tensor:
    """The counts of the mapping over all images, batch by batch."""
    model.eval()
    counts = (
        model.mapping.count(model.prompt.as_one(model.outputs(x_BHWC)), y_B)
        for x_BHWC, y_B in images.batches()
    )
    return functools.reduce(operator.iadd, counts)
