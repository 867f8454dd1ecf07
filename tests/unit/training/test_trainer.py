"""Training against a plain loop in the test: same order, same losses, same values."""

import math

import pytest
import torch

from lorvp.datasets.labelled_images import LabelledImages
from lorvp.mappings.frequency import IlmConfig
from lorvp.mappings.linear import FmConfig, LpConfig
from lorvp.mappings.selection import IdentityConfig
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.training.evaluation import predict
from lorvp.training.trainer import fit
from lorvp.trials.run import build
from tests.support.plain_training import (
    PLAIN_SGD,
    TRAIN,
    VAL,
    new_model,
    plain_epoch,
    plain_measure,
)
from tests.support.tiny import TARGET_NAMES, images, tiny_network, training, trial


@pytest.mark.parametrize("batch", [1, 3, 4, 9, 10, 64])
@pytest.mark.parametrize("mapping", [LpConfig(), FmConfig()], ids=str)
def test_records_and_values_are_those_of_a_plain_loop(batch, mapping):
    config = training(epochs=3, batch_size=batch, optimizer=PLAIN_SGD, lr=0.05)
    model, plain = new_model(FullConfig(), mapping), new_model(FullConfig(), mapping)
    torch.manual_seed(7)
    records = list(fit(model, TRAIN, VAL, config))
    torch.manual_seed(7)
    for record in records:
        expected = (*plain_epoch(plain, 0.05, batch), *plain_measure(plain, VAL))
        got = (record.train_loss, record.train_accuracy, record.val_loss, record.val_accuracy)
        assert got == pytest.approx(expected, rel=1e-5)
    for name, tensor in plain.trained_state().items():
        torch.testing.assert_close(model.trained_state()[name], tensor, rtol=1e-4, atol=1e-6)


def test_augmentation_reaches_the_training_images_and_no_others():
    wanted = trial(FullConfig(), LpConfig(), epochs=2, augmentation={"flip": True})
    torch.manual_seed(0)
    model, seen = build(wanted, tiny_network(), TARGET_NAMES), []
    model.prompt.fit.register_forward_hook(
        lambda module, given, canvas: seen.append((module.training, given[0], canvas))
    )
    list(fit(model, TRAIN, VAL, wanted.training))
    turned = {True: [], False: []}
    for in_training, images_BHWC, canvas_BCHW in seen:
        plain_BCHW = images_BHWC.permute(0, 3, 1, 2) / 255
        for plain, shown in zip(plain_BCHW, canvas_BCHW, strict=True):
            mirrored = torch.allclose(shown, plain.flip(2))
            assert mirrored or torch.allclose(shown, plain)
            turned[in_training].append(mirrored)
    assert set(turned[True]) == {True, False}
    assert len(turned[True]) == 2 * len(TRAIN)
    assert set(turned[False]) == {False}


@pytest.mark.parametrize("mapping", [IdentityConfig(), IlmConfig()], ids=str)
def test_a_model_without_trained_values_gives_one_epoch(mapping):
    model = new_model(NoneConfig(), mapping)
    (only,) = fit(model, TRAIN, VAL, training(epochs=5))
    got = (only.train_loss, only.train_accuracy, only.val_loss, only.val_accuracy)
    assert got == pytest.approx((*plain_measure(model, TRAIN), *plain_measure(model, VAL)))
    assert (only.epoch, only.lr) == (0, 0.0)


def test_predictions_are_in_order_and_do_not_depend_on_batches():
    model, many = new_model(), images(300)
    got = predict(model, many)
    with torch.no_grad():
        for n in (0, 1, 255, 256, 299):
            p_K = torch.softmax(model.eval()(many.images_NHWC[n : n + 1])[0], 0)
            assert int(got.predicted_N[n]) == int(p_K.argmax())
            assert float(got.confidence_N[n]) == pytest.approx(float(p_K.max()), rel=1e-5)
            right = float(p_K[int(many.labels_N[n])])
            assert float(got.loss_N[n]) == pytest.approx(-math.log(right), rel=1e-4)
    right = sum(int(p) == int(y) for p, y in zip(got.predicted_N, many.labels_N, strict=True))
    assert got.accuracy(many.labels_N) == pytest.approx(right / 300)


def test_a_class_without_training_images_does_not_matter():
    present = TRAIN.labels_N != 1
    fewer = LabelledImages(TRAIN.images_NHWC[present], TRAIN.labels_N[present])
    for mapping in (LpConfig(), IlmConfig()):
        records = list(fit(new_model(FullConfig(), mapping), fewer, VAL, training()))
        assert len(records) == 3
        assert all(math.isfinite(r.val_loss) for r in records)


def test_images_are_left_as_they_were():
    before = TRAIN.images_NHWC.clone()
    list(fit(new_model(FullConfig()), TRAIN, VAL, training()))
    assert torch.equal(TRAIN.images_NHWC, before)
