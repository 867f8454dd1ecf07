"""How a trained prompt does on test images from elsewhere, such as ImageNet-R's.

Such a set may have some of the target classes only; the answer is then the best of those, as its
authors and everyone since have done (Hendrycks et al., ICCV 2021).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lorvp.datasets.prepared import Prepared
from lorvp.errors import InputError
from lorvp.model import PromptedNetwork
from lorvp.predictions import Predictions, predict


class AmongClasses(nn.Module):
    """A model whose answers are limited to some of its classes."""

    def __init__(self, model: PromptedNetwork, classes_J: Tensor) -> None:
        super().__init__()
        self.model, self.classes_J = model, classes_J

    def forward(self, images_BHWC: Tensor) -> Tensor:
        return self.model(images_BHWC)[:, self.classes_J.to(images_BHWC.device)]


def answers(
    model: PromptedNetwork,
    target_names: Sequence[str],
    shifted: Prepared,
    device: torch.device | str = "cpu",
) -> tuple[Predictions, Tensor]:
    """Predictions for all images of ``shifted``, as numbers of its own classes, and its labels.

    Raises:
        InputError: it has classes that are not among ``target_names``.
    """
    images = shifted.split("test").to(device)
    classes_J = columns(target_names, shifted)
    return predict(AmongClasses(model, classes_J), images), images.labels_N


def columns(target_names: Sequence[str], shifted: Prepared) -> Tensor:
    """The target class of each class of ``shifted``."""
    column_of = {name: k for k, name in enumerate(target_names)}
    strangers = [name for name in shifted.class_names if name not in column_of]
    if strangers:
        raise InputError(
            f"{shifted.folder.name} has {len(strangers)} classes that the prompts were not trained "
            f"on: {', '.join(strangers[:5])}"
        )
    return torch.tensor([column_of[name] for name in shifted.class_names])
