"""One trial from its settings to its result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import polars as pl
import torch
from torch import Tensor

from lorvp.datasets.labelled_images import LabelledImages
from lorvp.datasets.manifest import SPLITS
from lorvp.datasets.prepared import Prepared
from lorvp.networks.acceleration.engine import engine
from lorvp.networks.frozen import FrozenNetwork
from lorvp.training.cached_outputs import Cache, Outputs, no_cache, with_cached_outputs
from lorvp.training.evaluation import Predictions, predict
from lorvp.training.model import PromptedNetwork
from lorvp.training.timing import Duration
from lorvp.training.trainer import Epoch, Training
from lorvp.trials.resume import NOWHERE, Resume

if TYPE_CHECKING:
    from lorvp.experiment.trial import Trial


@dataclass(frozen=True)
class Result:
    """The result of a trial."""

    state: dict[str, Tensor]
    """Prompt and mapping of the epoch that validation chose."""
    history: list[Epoch]
    test: Predictions
    test_labels_N: Tensor
    summary: dict[str, float | int | None]
    """Accuracies (0..1), chosen epoch, numbers of trained values, training seconds (computed and
    by the clock), and the largest change that the prompt made to a pixel of a test image."""
    engine: dict[str, str] = field(default_factory=dict)
    """How the frozen network computed: what was folded and split, or why not."""

    def predictions(self) -> pl.DataFrame:
        """One row for each test image, in the order of the test split."""
        return predictions(self.test, self.test_labels_N)


def build(
    trial: Trial, network: FrozenNetwork, target_names: Sequence[str], halvings: int = 0
) -> PromptedNetwork:
    """The trial's model with fresh start values from torch's global generator.

    A batch goes through the network in pieces, which are halved ``halvings`` times. If they are
    halved at all, each is computed once more in the backward pass: less memory, more time, and the
    same gradients but for their last bits.

    Raises:
        InputError: the method or the mapping does not fit this network or these classes.
    """
    config = trial.training
    network = engine(network.for_targets(target_names), config.precision, config.compile)
    network.halvings = halvings
    prompt = trial.method.build(network.canvas)
    prompt.fit.augmentation = config.augmentation
    return PromptedNetwork(prompt, network, trial.mapping.build(network.ends(target_names)))


def run(
    trial: Trial,
    network: FrozenNetwork,
    data: Prepared,
    device: torch.device | str = "cpu",
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    cache: Cache = no_cache,
    resume: Resume = NOWHERE,
    halvings: int = 0,
) -> Result:
    """Train, choose the epoch with the best validation, and evaluate it on the test images once.

    Seeds torch's global generator with the trial's seed, so that a trial's bits do not depend
    on what ran before it. ``cache`` may share the outputs of a network without a prompt with
    other trials on the same data. With ``resume`` a trial that was stopped goes on after its
    last whole epoch and ends with the same bits; ``on_epoch`` is called for new epochs only.
    """
    torch.manual_seed(trial.seed)
    whole = build(trial, network.to(device), data.class_names, halvings).to(device)
    splits = {name: data.split(name).to(device) for name in SPLITS}
    model, cached = whole, {}
    if whole.prompt.fixed:
        model, splits, cached = with_cached_outputs(whole, splits, cache)
    train, val, test = (splits[name] for name in SPLITS)
    training = Training(model, train, val, trial.training)
    best = _train(training, whole, test, on_epoch, resume)
    whole.load_trained_state(best.state)
    with whole.measuring() as norms:
        found = predict(model, test)
    seen = cached["test"].prompt_linf if cached else whole.linf_of(norms)
    took = _training_time(training.history, cached)
    summary = _summary(whole, training.history, best, found, test) | vars(took)
    summary["prompt_linf"] = seen
    account = whole.prompt.account(whole.network)
    return Result(best.state, training.history, found, test.labels_N, summary, account)


def _train(
    training: Training,
    whole: PromptedNetwork,
    test: LabelledImages,
    on_epoch: Callable[[Epoch], None],
    resume: Resume,
) -> Best:
    """Train the epochs that are left, store the state after each, and return the best."""
    best = Best()
    if (saved := resume.load()) is not None:
        training.load_state(saved["training"])
        best = Best(**saved["best"])
    for epoch in training.epochs():
        on_epoch(epoch)
        best.see(epoch, whole)
        if training.config.test_every_epoch:
            best.published.append(predict(training.model, test).accuracy(test.labels_N))
        resume.save({"training": training.state(), "best": vars(best)})
    return best


@dataclass
class Best:
    """The epoch with the best validation so far, and the test accuracies if they are asked for."""

    rank: tuple[float, float] | None = None
    """Validation accuracy; among equals the lower validation loss, then the earlier epoch."""
    epoch: int = 0
    state: dict[str, Tensor] = field(default_factory=dict)
    published: list[float] = field(default_factory=list)
    """Test accuracy of each epoch; published tables report the best. It chooses nothing."""

    def see(self, epoch: Epoch, model: PromptedNetwork) -> None:
        """Keep the model's state if this epoch is better than all before."""
        rank = epoch.val_accuracy, -epoch.val_loss
        if self.rank is None or rank > self.rank:
            self.rank, self.epoch, self.state = rank, epoch.epoch, model.trained_state()


def predictions(found: Predictions, labels_N: Tensor) -> pl.DataFrame:
    """One row for each image: label, predicted, confidence, loss."""
    return pl.DataFrame(
        {
            "label": labels_N.cpu().numpy(),
            "predicted": found.predicted_N.cpu().numpy(),
            "confidence": found.confidence_N.cpu().numpy(),
            "loss": found.loss_N.cpu().numpy(),
        }
    )


def _summary(
    model: PromptedNetwork,
    history: list[Epoch],
    best: Best,
    found: Predictions,
    test: LabelledImages,
) -> dict[str, float | int | None]:
    values = {role: sum(p.numel() for p in ps) for role, ps in model.parameter_groups().items()}
    return {
        "val_accuracy": history[best.epoch].val_accuracy,
        "test_accuracy": found.accuracy(test.labels_N),
        "best_epoch": best.epoch,
        "epochs": len(history),
        "test_accuracy_of_best_test_epoch": max(best.published, default=None),
        "content_values": values.get("content", 0),
        "placement_values": values.get("placement", 0),
        "mapping_values": values.get("mapping", 0),
        "trained_values": sum(values.values()),
    }


def _training_time(history: list[Epoch], cached: dict[str, Outputs]) -> Duration:
    """The time of all epochs, and of computing the training images' outputs if they were cached."""
    before = cached["train"].took if cached else Duration()
    return sum((Duration(epoch.seconds, epoch.wall_seconds) for epoch in history), before)


def history_rows(history: list[Epoch]) -> list[dict]:
    """The epochs as plain rows, for JSON and tables."""
    rows = [asdict(epoch) for epoch in history]
    return [row | row.pop("placement") for row in rows]
