"""A trial on its way from its start values to its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torch import Tensor

from lorvp.datasets.labelled_images import LabelledImages
from lorvp.training.cached_outputs import Cache, no_cache, with_cached_outputs
from lorvp.training.epoch import Epoch
from lorvp.training.evaluation import predict
from lorvp.training.lanes import Lanes
from lorvp.training.model import PromptedNetwork
from lorvp.training.timing import Duration
from lorvp.training.totals import DivergedError
from lorvp.training.trainer import Training
from lorvp.trials.result import Result
from lorvp.trials.resume import NOWHERE, Resume

if TYPE_CHECKING:
    from lorvp.experiment.trial import Trial


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


class Course:
    """A trial on its way to its result."""

    def __init__(
        self, wish: Wish, whole: PromptedNetwork, splits: dict[str, LabelledImages]
    ) -> None:
        """``whole`` has just been built, on the device of the images: random numbers go on from
        the state of torch's global generator."""
        self.wish, self.whole = wish, whole
        model, self.cached = whole, {}
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
        """Put the best epoch back, and look at the test images once; a setting that a search tries
        has none, and what validation says of it is the result."""
        whole, best, history = self.whole, self.best, self.training.history
        account = whole.prompt.account(whole.network) | steps
        if self.test is None:
            found = {"val_loss": history[best.epoch].val_loss}
            return Result({}, history, None, None, self._summary(found, {}), account)
        whole.load_trained_state(best.state)
        with whole.measuring() as norms:
            tested = predict(self.training.model, self.test)
        labels_N = self.test.labels_N
        found = {"test_accuracy": tested.accuracy(labels_N)}
        published = {"test_accuracy_of_best_test_epoch": max(best.published, default=None)}
        seen = self.cached["test"].prompt_linf if self.cached else whole.linf_of(norms)
        summary = self._summary(found, published) | {"prompt_linf": seen}
        return Result(best.state, history, tested, labels_N, summary, account)

    def _summary(self, found: dict[str, Any], published: dict[str, Any]) -> dict[str, Any]:
        """The numbers of a trial that went to its end: those that are ``found`` at the best epoch,
        and those that papers have ``published`` of all epochs, are among them."""
        history, best = self.training.history, self.best
        return {
            "val_accuracy": history[best.epoch].val_accuracy,
            **found,
            "best_epoch": best.epoch,
            "epochs": len(history),
            **published,
            **_values(self.whole),
            **vars(self._training_time()),
        }

    def _diverged(self, error: DivergedError) -> Result:
        """That a setting diverges is what was to be found out; it is not tried again."""
        history = self.training.history
        summary: dict[str, Any] = {
            "val_accuracy": None,
            "diverged": str(error),
            "epochs": len(history) + 1,
            **vars(self._training_time()),
        }
        return Result({}, history, None, None, summary)

    def _training_time(self) -> Duration:
        """The time of all epochs, and of computing the training images' outputs if they were
        cached."""
        before = self.cached["train"].took if self.cached else Duration()
        epochs = (Duration(epoch.seconds, epoch.wall_seconds) for epoch in self.training.history)
        return sum(epochs, before)


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


def _values(model: PromptedNetwork) -> dict[str, int]:
    """Numbers of trained values."""
    values = {role: sum(p.numel() for p in ps) for role, ps in model.parameter_groups().items()}
    return {
        "content_values": values.get("content", 0),
        "placement_values": values.get("placement", 0),
        "mapping_values": values.get("mapping", 0),
        "trained_values": sum(values.values()),
    }
