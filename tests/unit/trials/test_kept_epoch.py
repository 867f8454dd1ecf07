"""Which epoch a trial keeps, and that the test images decide nothing."""

import numpy as np
import pytest
import torch

from lorvp.datasets import prepared
from lorvp.datasets.source import ImageArray, Source
from lorvp.datasets.write import write
from lorvp.mappings.selection import IdentityConfig
from lorvp.prompts.methods.adavipro import AdaViProConfig
from lorvp.training.evaluation import predict
from lorvp.training.trainer import fit
from lorvp.trials.run import build, run
from tests.support.layers import same
from tests.support.runs import TIMES, noisy, trained, without_seconds
from tests.support.tiny import TARGET_NAMES, TARGETS, tiny_network, trial


def best_by_rule(history) -> int:
    """Highest validation accuracy; then the lowest validation loss; then the first."""
    best = 0
    for e, epoch in enumerate(history):
        better = epoch.val_accuracy > history[best].val_accuracy
        level = epoch.val_accuracy == history[best].val_accuracy
        if better or (level and epoch.val_loss < history[best].val_loss):
            best = e
    return best


def test_the_kept_epoch_follows_the_rule(data):
    chosen = []
    for seed in range(8):
        result = run(noisy(seed), tiny_network(), data)
        assert result.summary["best_epoch"] == best_by_rule(result.history)
        assert result.summary["val_accuracy"] == max(e.val_accuracy for e in result.history)
        top = [e for e in result.history if e.val_accuracy == result.summary["val_accuracy"]]
        chosen.append((result.summary["best_epoch"], len(top)))
    assert len({epoch for epoch, _ in chosen}) > 2, "cases in which it is not always the same"
    assert max(tied for _, tied in chosen) > 1, "cases in which the loss has to decide"


def test_the_state_is_that_of_the_kept_epoch_and_so_are_the_test_numbers(data):
    """Stopped right after that epoch, the training ends in the same state."""
    runs = {seed: run(noisy(seed), tiny_network(), data) for seed in range(8)}
    seed, full = next((s, r) for s, r in runs.items() if 0 < r.summary["best_epoch"] < 7)
    stopped = trained(noisy(seed, epochs=full.summary["best_epoch"] + 1), data)
    assert same(stopped.trained_state(), full.state)
    answers = predict(stopped, data.split("test"))
    assert torch.equal(answers.predicted_N, full.test.predicted_N)
    right = (answers.predicted_N == data.split("test").labels_N).sum() / 9
    assert full.summary["test_accuracy"] == pytest.approx(float(right))


def test_among_equals_the_first_epoch_is_kept(data):
    """A rate too small to move any value in float32."""
    still = trial(AdaViProConfig(width=2, side=8), IdentityConfig(), epochs=3, lr=1e-30,
                  optimizer="sgd")  # fmt: skip
    result = run(still, tiny_network(), data)
    assert len({e.val_loss for e in result.history}) == 1, "nothing moved"
    assert result.summary["best_epoch"] == 0


def rewritten(data, folder, images_of_test: bool):
    """The same dataset with other test labels and, if asked, other test images."""
    images = np.load(data.folder / "images.npy")
    labels = np.load(data.folder / "labels.npy")
    test = np.arange(len(labels))[-data.sizes["test"] :]  # train lies first, then val, then test
    labels[test] = (labels[test] + 1) % TARGETS
    if images_of_test:
        images[test] = 255 - images[test]
    bounds = np.cumsum(list(data.sizes.values()))[:-1]
    splits = dict(zip(data.sizes, np.split(np.arange(len(labels)), bounds), strict=True))
    write(folder, Source(ImageArray(images), labels, splits, data.class_names, "noise"))
    return prepared.read(folder)


@pytest.mark.parametrize("images_of_test", [False, True], ids=["labels", "labels and images"])
@pytest.mark.parametrize("test_every_epoch", [False, True])
def test_the_test_split_changes_nothing_but_its_own_numbers(
    data, tmp_path, images_of_test, test_every_epoch
):
    other = rewritten(data, tmp_path / "other", images_of_test)
    wanted = trial(epochs=4, lr=0.1, test_every_epoch=test_every_epoch)
    first, second = (run(wanted, tiny_network(), d) for d in (data, other))
    assert same(first.state, second.state)
    assert without_seconds(first.history) == without_seconds(second.history)
    own = {"test_accuracy", "test_accuracy_of_best_test_epoch", *TIMES}
    for key in first.summary.keys() - own:
        assert first.summary[key] == second.summary[key], key
    assert not torch.equal(first.test_labels_N, second.test_labels_N)
    assert first.summary["test_accuracy"] != second.summary["test_accuracy"]


def test_best_test_epoch_is_recorded_beside_the_rest(data):
    plain = run(trial(epochs=8, lr=0.1), tiny_network(), data)
    asked = trial(epochs=8, lr=0.1, test_every_epoch=True)
    published = run(asked, tiny_network(), data)
    assert plain.summary["test_accuracy_of_best_test_epoch"] is None
    torch.manual_seed(0)
    model = build(asked, tiny_network(), TARGET_NAMES)
    splits = {name: data.split(name) for name in ("train", "val", "test")}
    seen = [
        predict(model, splits["test"]).accuracy(splits["test"].labels_N)
        for _ in fit(model, splits["train"], splits["val"], asked.training)
    ]
    assert published.summary["test_accuracy_of_best_test_epoch"] == max(seen)
    assert len(set(seen)) > 1
    assert same(plain.state, published.state)
    assert without_seconds(plain.history) == without_seconds(published.history)
