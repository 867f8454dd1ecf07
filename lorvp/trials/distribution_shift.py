"""A trained prompt's predictions for test images from elsewhere, such as ImageNet-R's.

Such a set may have only some of the target classes; predictions are then limited to those, as in
the paper that introduced ImageNet-R (Hendrycks et al., ICCV 2021) and in those that followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from lorvp.datasets.prepared import Prepared
from lorvp.errors import InputError
from lorvp.networks import checkpoint
from lorvp.networks.acceleration.precision import computing_in
from lorvp.training.evaluation import Predictions, predict
from lorvp.training.model import PromptedNetwork
from lorvp.trials.result import predictions
from lorvp.trials.run import build

if TYPE_CHECKING:
    from lorvp.experiment.trial import Trial


class AmongClasses(nn.Module):
    """A model whose predictions are limited to some of its classes."""

    def __init__(self, model: PromptedNetwork, classes_J: Tensor) -> None:
        super().__init__()
        self.model, self.classes_J = model, classes_J

    def forward(self, images_BHWC: Tensor) -> Tensor:
        return self.model(images_BHWC)[:, self.classes_J.to(images_BHWC.device)]


def measured(
    trial: Trial, prompt: Path, network: Path, names: Sequence[str], shifted: Prepared, device: str
) -> pl.DataFrame:
    """The trained prompt's predictions: one row for each image of ``shifted``, computed in the
    precision that the trial was trained in.

    ``prompt`` is the trial's folder, ``network`` the checkpoint's, ``names`` the target classes.

    Raises:
        InputError: ``shifted`` has classes that are not among ``names``, or something is damaged.
    """
    with computing_in(trial.training.precision):
        model = build(trial, checkpoint.load(network).to(device), names, trained=True)
        model.load_trained_state(load_file(prompt / "weights.safetensors"))
        return predictions(*predict_among(model.to(device), names, shifted, device))


def predict_among(
    model: PromptedNetwork,
    target_names: Sequence[str],
    shifted: Prepared,
    device: torch.device | str = "cpu",
) -> tuple[Predictions, Tensor]:
    """Predictions for all images of ``shifted``, by its own numbers of classes, and its labels.

    Raises:
        InputError: it has classes that are not among ``target_names``.
    """
    images = shifted.split("test").to(device)
    classes_J = target_classes(target_names, shifted)
    return predict(AmongClasses(model, classes_J), images), images.labels_N


def target_classes(target_names: Sequence[str], shifted: Prepared) -> Tensor:
    """The target class of each class of ``shifted``."""
    column_of = {name: k for k, name in enumerate(target_names)}
    strangers = [name for name in shifted.class_names if name not in column_of]
    if strangers:
        raise InputError(
            f"{shifted.folder.name} has {len(strangers)} classes that the prompts were not trained "
            f"on: {', '.join(strangers[:5])}"
        )
    return torch.tensor([column_of[name] for name in shifted.class_names])
