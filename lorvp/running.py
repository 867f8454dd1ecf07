"""One trial from its settings to its result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import polars as pl
import torch
from torch import Tensor

from lorvp.datasets.prepared import SPLITS, LabelledImages, Prepared
from lorvp.model import PromptedNetwork
from lorvp.networks.engine import engine
from lorvp.networks.frozen import FrozenNetwork
from lorvp.remembered import Keep, compute, remembered
from lorvp.training import Epoch, Predictions, fit, predict

if TYPE_CHECKING:
    from lorvp.trials import Trial


@dataclass(frozen=True)
class Result:
    """What a trial leaves behind."""

    state: dict[str, Tensor]
    """Prompt and mapping of the epoch that validation chose."""
    history: list[Epoch]
    test: Predictions
    test_labels_N: Tensor
    summary: dict[str, float | int | None]
    """Accuracies (0..1), chosen epoch, numbers of trained values, training seconds."""

    def predictions(self) -> pl.DataFrame:
        """One row for each test image, in the order of the test split."""
        return predictions(self.test, self.test_labels_N)


def build(trial: Trial, network: FrozenNetwork, target_names: Sequence[str]) -> PromptedNetwork:
    """The trial's model with fresh start values from torch's global generator.

    Raises:
        InputError: the method or the mapping does not fit this network or these classes.
    """
    network = engine(network.for_targets(target_names), trial.training.precision)
    prompt = trial.method.build(network.canvas)
    prompt.fit.augmentation = trial.training.augmentation
    return PromptedNetwork(prompt, network, trial.mapping.build(network.ends(target_names)))


def run(
    trial: Trial,
    network: FrozenNetwork,
    data: Prepared,
    device: torch.device | str = "cpu",
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    keep: Keep = compute,
) -> Result:
    """Train, keep the epoch that validation likes best, then look at the test images once.

    Seeds torch's global generator with the trial's seed, so that a trial's bits do not depend
    on what ran before it. ``keep`` may share the outputs of a network without a prompt with
    other trials on the same data.
    """
    torch.manual_seed(trial.seed)
    whole = build(trial, network.to(device), data.class_names).to(device)
    splits = {name: data.split(name).to(device) for name in SPLITS}
    model, seconds = whole, 0.0
    if whole.prompt.fixed:
        model, splits, seconds = remembered(whole, splits, keep)
    train, val, test = (splits[name] for name in SPLITS)
    best, state, history, published = None, {}, [], []
    for epoch in fit(model, train, val, trial.training):
        history.append(epoch)
        on_epoch(epoch)
        if best is None or _rank(epoch) > _rank(best):
            best, state = epoch, whole.trained_state()
        if trial.training.test_every_epoch:
            published.append(predict(model, test).accuracy(test.labels_N))
    assert best is not None, "fit yields at least one epoch"
    whole.load_trained_state(state)
    answers = predict(model, test)
    seconds += sum(epoch.seconds for epoch in history)
    summary = _summary(whole, best, len(history), seconds, answers, test, published)
    return Result(state, history, answers, test.labels_N, summary)


def predictions(answers: Predictions, labels_N: Tensor) -> pl.DataFrame:
    """One row for each image: label, predicted, confidence, loss."""
    return pl.DataFrame(
        {
            "label": labels_N.cpu().numpy(),
            "predicted": answers.predicted_N.cpu().numpy(),
            "confidence": answers.confidence_N.cpu().numpy(),
            "loss": answers.loss_N.cpu().numpy(),
        }
    )


def _rank(epoch: Epoch) -> tuple[float, float]:
    """Validation accuracy; among equals the lower validation loss, then the earlier epoch."""
    return epoch.val_accuracy, -epoch.val_loss


def _summary(
    model: PromptedNetwork,
    best: Epoch,
    epochs: int,
    seconds: float,
    answers: Predictions,
    test: LabelledImages,
    published: list[float],
) -> dict[str, float | int | None]:
    values = {role: sum(p.numel() for p in ps) for role, ps in model.parameter_groups().items()}
    return {
        "val_accuracy": best.val_accuracy,
        "test_accuracy": answers.accuracy(test.labels_N),
        "best_epoch": best.epoch,
        "epochs": epochs,
        "test_accuracy_of_best_test_epoch": max(published, default=None),
        "content_values": values.get("content", 0),
        "placement_values": values.get("placement", 0),
        "mapping_values": values.get("mapping", 0),
        "trained_values": sum(values.values()),
        "seconds": seconds,
    }


def history_rows(history: list[Epoch]) -> list[dict]:
    """The epochs as plain rows, for JSON and tables."""
    rows = [asdict(epoch) for epoch in history]
    return [row | row.pop("placement") for row in rows]
