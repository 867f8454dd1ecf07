"""Training that diverges stops at once, and says where."""

import math

import pytest

from lorvp.prompts.methods.full import FullConfig
from lorvp.recipe import TrainingConfig
from lorvp.training.model import PromptedNetwork
from lorvp.training.totals import DivergedError
from lorvp.training.trainer import fit
from tests.support.plain_training import (
    PLAIN_SGD,
    TRAIN,
    VAL,
    new_model,
)
from tests.support.tiny import training


def absurd(lr: float, **settings) -> TrainingConfig:
    """A rate that settings refuse, so that values overflow within a step."""
    return training(optimizer=PLAIN_SGD, **settings).model_copy(update={"lr": lr})


def test_an_absurd_rate_ends_with_the_epoch_and_the_rate():
    config = absurd(1e38, epochs=20)
    said = r"^diverged in epoch 0, step 1: training loss nan \(lr 1e\+38; no epoch was good\)$"
    with pytest.raises(DivergedError, match=said):
        list(fit(new_model(FullConfig()), TRAIN, VAL, config))


def test_divergence_later_on_names_the_last_good_epoch_and_stops_at_once(monkeypatch):
    """From the second of three steps of the third epoch on, the prompt is no number."""
    model, seen = new_model(FullConfig()), []

    def outputs(images_BHWC):
        seen.append(len(images_BHWC))
        if len(seen) == 8:
            model.prompt.content.values.data.fill_(math.nan)
        return PromptedNetwork.outputs(model, images_BHWC)

    def training_only(images_BHWC):
        if model.prompt.training:
            return outputs(images_BHWC)
        return PromptedNetwork.outputs(model, images_BHWC)

    monkeypatch.setattr(model, "outputs", training_only)
    epochs = fit(model, TRAIN, VAL, training(epochs=5, batch_size=4, optimizer=PLAIN_SGD, lr=0.1))
    assert [next(epochs).epoch, next(epochs).epoch] == [0, 1]
    said = r"^diverged in epoch 2, step 1: training loss nan \(lr 0\.1; epoch 1 was the last"
    with pytest.raises(DivergedError, match=said):
        next(epochs)
    assert len(seen) == 8


def test_divergence_in_the_last_step_is_noticed_too():
    """One batch: the training loss is that of the start values, and only validation shows it."""
    config = absurd(3e38, epochs=1, batch_size=64)
    with pytest.raises(DivergedError):
        list(fit(new_model(FullConfig()), TRAIN, VAL, config))
