"""What every method with every mapping promises about a trial that is stopped and goes on."""

import pytest
import torch

from lorvp.training.trainer import Training
from lorvp.trials.resume import ResumeFile
from lorvp.trials.run import build
from tests.contract.cases import PAIRS, SIZE, pair_name
from tests.support.tiny import TARGET_NAMES, images, tiny_network, training, trial

pairs = pytest.mark.parametrize("pair", PAIRS, ids=pair_name)
TRAIN, VAL = images(4, seed=1), images(2, seed=2)
CONFIG = training(epochs=2, batch_size=2, lr=0.01, optimizer="adam", lr_placement=1e-3)


def new_training(pair, seed: int = 0) -> Training:
    torch.manual_seed(seed)
    model = build(trial(*pair), tiny_network(SIZE), TARGET_NAMES)
    return Training(model, TRAIN, VAL, CONFIG)


def rows(history) -> list:
    """The records but for the time they took."""
    return [(e.epoch, e.lr, e.train_loss, e.val_loss, e.val_accuracy, e.placement) for e in history]


def bits(found: Training) -> dict[str, bytes]:
    return {key: t.numpy().tobytes() for key, t in found.model.trained_state().items()}


@pairs
def test_a_stopped_trial_goes_on_and_ends_with_the_same_bits(pair, tmp_path):
    whole, file = new_training(pair), ResumeFile(tmp_path / "state")
    epochs = whole.epochs()
    next(epochs)
    file.save(whole.state())
    assert list(epochs) == whole.history[1:]

    other = new_training(pair, seed=99)
    saved = file.load()
    assert saved is not None
    other.load_state(saved)
    assert len(list(other.epochs())) == len(whole.history) - 1
    assert rows(other.history) == rows(whole.history)
    assert bits(other) == bits(whole)
