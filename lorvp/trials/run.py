"""Trials from their settings to their results, one alone or several side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl
import torch
from torch import Tensor

from lorvp.datasets.labelled_images import LabelledImages
from lorvp.datasets.manifest import SPLITS
from lorvp.datasets.prepared import Prepared
from lorvp.networks.acceleration.engine import engine
from lorvp.networks.acceleration.precision import computing_in
from lorvp.networks.frozen import FrozenNetwork
from lorvp.training.cached_outputs import Cache, Outputs, no_cache, with_cached_outputs
from lorvp.training.epoch import Epoch
from lorvp.training.evaluation import Predictions, predict
from lorvp.training.lanes import Lanes
from lorvp.training.memory import ran_out_of_memory
from lorvp.training.model import PromptedNetwork
from lorvp.training.timing import Duration
from lorvp.training.totals import DivergedError
from lorvp.training.trainer import Training
from lorvp.trials.resume import NOWHERE, Resume

if TYPE_CHECKING:
    from lorvp.experiment.trial import Trial


@dataclass(frozen=True)
class Result:
    """The result of a trial."""

    state: dict[str, Tensor]
    """Prompt and mapping of the epoch that validation chose."""
    history: list[Epoch]
    test: Predictions | None
    """None for a setting that a search tries, which sees no test image."""
    test_labels_N: Tensor | None
    summary: dict[str, Any]
    """Accuracies (0..1), chosen epoch, numbers of trained values, training seconds (computed and
    by the clock), and the largest change that the prompt made to a pixel of a test image."""
    engine: dict[str, str] = field(default_factory=dict)
    """How the frozen network computed: what was folded and split, or why not."""

    def predictions(self) -> pl.DataFrame:
        """One row for each test image, in the order of the test split."""
        assert self.test is not None, "a search sees no test image"
        assert self.test_labels_N is not None, "images have labels"
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


@dataclass(frozen=True)
class Wish:
    """A trial to be run, and who is told of it."""

    trial: Trial
    on_epoch: Callable[[Epoch], None] = lambda epoch: None
    """Is called for each new epoch."""
    cache: Cache = no_cache
    """May share the outputs of a network without a prompt with other trials on the same data."""
    resume: Resume = NOWHERE
    """With it a trial that was stopped goes on after its last whole epoch and ends with the same
    bits."""


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
    on what ran before it. See `Wish` for the rest.
    """
    wish = Wish(trial, on_epoch, cache, resume)
    for ended in run_together([wish], network, data, device, halvings=halvings):
        for result in ended.values():
            if isinstance(result, Exception):
                raise result
            return result
    raise AssertionError("a trial ends")


def run_together(
    wishes: Sequence[Wish],
    network: FrozenNetwork,
    data: Prepared,
    device: torch.device | str = "cpu",
    width: int = 1,
    halvings: int = 0,
) -> Iterator[dict[int, Result | Exception]]:
    """Run trials of one `company` side by side, each as ``run`` runs it.

    After each epoch, yields the trials that have ended, by their number: their results, or why
    they have none; the others go on. On a GPU batches are filled up to ``width`` lanes, on which
    the last bits of results depend.

    Raises:
        Exception: memory ran out, or the network failed, for all that have not ended.
    """
    precision = wishes[0].trial.training.precision
    network = network.to(device)
    splits = {name: data.split(name).to(device) for name in SPLITS}
    running: dict[int, Run] = {}
    ended: dict[int, Result | Exception] = {}
    for number, wish in enumerate(wishes):
        with computing_in(precision), _ending(ended, number):
            running[number] = Run(wish, network, data.class_names, splits, halvings)
    if ended:
        yield ended
    lanes = Lanes([each.training for each in running.values()], width) if running else None
    while lanes is not None and running:
        with computing_in(precision):
            ended = _epoch(running, lanes)
        yield ended
        running = {number: each for number, each in running.items() if number not in ended}


def _epoch(running: dict[int, Run], lanes: Lanes) -> dict[int, Result | Exception]:
    """Train one epoch; the trials that end with it."""
    ended: dict[int, Result | Exception] = {}
    outcome = lanes.epoch() if lanes.running else {}
    for number, each in running.items():
        with _ending(ended, number):
            if (result := each.after(outcome.get(each.training), lanes)) is not None:
                ended[number] = result
        if number in ended:
            lanes.drop(each.training)
    return ended


@contextmanager
def _ending(ended: dict[int, Result | Exception], number: int) -> Iterator[None]:
    """Take down the error with which a trial ends in this block; the others go on."""
    try:
        yield
    except Exception as error:
        if ran_out_of_memory(error):
            raise
        ended[number] = error


class Run:
    """A trial on its way to its result."""

    def __init__(
        self,
        wish: Wish,
        network: FrozenNetwork,
        target_names: Sequence[str],
        splits: dict[str, LabelledImages],
        halvings: int,
    ) -> None:
        self.wish = wish
        torch.manual_seed(wish.trial.seed)
        built = build(wish.trial, network, target_names, halvings)
        self.whole = built.to(splits["train"].device)
        model, self.cached = self.whole, {}
        if wish.trial.is_tried:
            splits = {name: images for name, images in splits.items() if name != "test"}
        if self.whole.prompt.fixed:
            model, splits, self.cached = with_cached_outputs(self.whole, splits, wish.cache)
        self.test = splits.get("test")
        self.training = Training(model, splits["train"], splits["val"], wish.trial.training)
        stop = wish.trial.stops_after or self.training.number
        self.training.number = min(self.training.number, stop)
        if wish.trial.training.test_every_epoch:
            self.training.watched = self.test
        self.best = Best()
        saved = wish.resume.load()
        if saved is not None and len(saved["training"]["history"]) <= self.training.number:
            self.training.load_state(saved["training"])
            self.best = Best(**saved["best"])

    def after(self, found: Epoch | Exception | None, lanes: Lanes) -> Result | None:
        """Take an epoch; the result once it was the last. None was found if all were done before.

        Raises:
            Exception: what was found, or what went wrong with it here.
        """
        if isinstance(found, DivergedError) and self.wish.trial.is_tried:
            return self._diverged(found)
        if isinstance(found, Exception):
            raise found
        if found is not None:
            self._see(found)
        return self._result(lanes.account) if self.training.over else None

    def _see(self, epoch: Epoch) -> None:
        """Tell of an epoch, keep its state if it is the best, and store where the trial stands."""
        self.wish.on_epoch(epoch)
        self.best.see(epoch, self.whole)
        if self.training.watched is not None:
            _, accuracy = self.training.scores["test"].means()
            self.best.published.append(accuracy)
        state = {"training": self.training.state(), "best": vars(self.best)}
        self.wish.resume.save(state)

    def _result(self, steps: dict[str, str]) -> Result:
        """Put the best epoch back, and look at the test images once."""
        whole, training, best = self.whole, self.training, self.best
        if self.test is None:
            return self._validated(steps)
        whole.load_trained_state(best.state)
        with whole.measuring() as norms:
            found = predict(training.model, self.test)
        seen = self.cached["test"].prompt_linf if self.cached else whole.linf_of(norms)
        took = _training_time(training.history, self.cached)
        summary = _summary(whole, training.history, best, found, self.test) | vars(took)
        summary["prompt_linf"] = seen
        account = whole.prompt.account(whole.network) | steps
        return Result(best.state, training.history, found, self.test.labels_N, summary, account)

    def _validated(self, steps: dict[str, str]) -> Result:
        """What validation says of a setting."""
        history, best = self.training.history, self.best
        summary: dict[str, Any] = {
            "val_accuracy": history[best.epoch].val_accuracy,
            "val_loss": history[best.epoch].val_loss,
            "best_epoch": best.epoch,
            "epochs": len(history),
            **_values(self.whole),
            **vars(_training_time(history, self.cached)),
        }
        account = self.whole.prompt.account(self.whole.network) | steps
        return Result({}, history, None, None, summary, account)

    def _diverged(self, error: DivergedError) -> Result:
        """That a setting diverges is what was to be found out; it is not tried again."""
        history = self.training.history
        summary: dict[str, Any] = {
            "val_accuracy": None,
            "diverged": str(error),
            "epochs": len(history) + 1,
            **vars(_training_time(history, self.cached)),
        }
        return Result({}, history, None, None, summary)


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
    return {
        "val_accuracy": history[best.epoch].val_accuracy,
        "test_accuracy": found.accuracy(test.labels_N),
        "best_epoch": best.epoch,
        "epochs": len(history),
        "test_accuracy_of_best_test_epoch": max(best.published, default=None),
        **_values(model),
    }


def _values(model: PromptedNetwork) -> dict[str, int]:
    """Numbers of trained values."""
    values = {role: sum(p.numel() for p in ps) for role, ps in model.parameter_groups().items()}
    return {
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
