"""Training against a plain loop in the test: same order, same losses, same values."""

import math

import pytest
import torch

from lorvp.datasets.prepared import LabelledImages
from lorvp.mappings.linear import FmConfig, LpConfig
from lorvp.mappings.selection import IdentityConfig, IlmConfig
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.prompts.placements.regions import Regions
from lorvp.running import build
from lorvp.training import DivergedError, fit, predict

from .tiny import images, tiny_network, training, trial

TRAIN, VAL = images(10, seed=1), images(7, seed=2)
PLAIN_SGD = {"kind": "sgd", "momentum": 0.0}


def new_model(method=None, mapping=None, seed: int = 0):
    torch.manual_seed(seed)
    return build(trial(method, mapping), tiny_network(), TARGET_NAMES)


def loss_of(logits_K: torch.Tensor, label: int) -> torch.Tensor:
    """-log of the softmax probability of the right class."""
    return torch.logsumexp(logits_K, 0) - logits_K[label]


def plain_step(model, rows: list[int], lr: float) -> tuple[float, int]:
    """One step of gradient descent on the mean loss; the sum of losses and the number right."""
    logits_BK = model.train()(TRAIN.images_NHWC[rows])
    losses = [
        loss_of(logits_K, int(TRAIN.labels_N[n]))
        for logits_K, n in zip(logits_BK, rows, strict=True)
    ]
    right = sum(
        int(logits_K.argmax()) == int(TRAIN.labels_N[n])
        for logits_K, n in zip(logits_BK, rows, strict=True)
    )
    values = [p for group in model.parameter_groups().values() for p in group]
    gradients = torch.autograd.grad(torch.stack(losses).mean(), values)
    with torch.no_grad():
        for value, gradient in zip(values, gradients, strict=True):
            value -= lr * gradient
    return sum(float(loss.detach()) for loss in losses), right


def plain_epoch(model, lr: float, batch: int) -> tuple[float, float]:
    order = torch.randperm(len(TRAIN)).tolist()
    steps = [plain_step(model, order[i : i + batch], lr) for i in range(0, len(order), batch)]
    return sum(s[0] for s in steps) / len(TRAIN), sum(s[1] for s in steps) / len(TRAIN)


def plain_measure(model, images: LabelledImages) -> tuple[float, float]:
    losses, right = [], 0
    with torch.no_grad():
        for n in range(len(images)):
            logits_K = model.eval()(images.images_NHWC[n : n + 1])[0]
            losses.append(float(loss_of(logits_K, int(images.labels_N[n]))))
            right += int(logits_K.argmax()) == int(images.labels_N[n])
    return sum(losses) / len(images), right / len(images)


@pytest.mark.parametrize("batch", [3, 4, 10, 64])
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


def test_every_image_is_seen_once_an_epoch_in_a_new_order():
    model, seen = new_model(), []
    model.prompt.fit.register_forward_hook(
        lambda module, given, canvas: seen.append(given[0]) if model.prompt.training else None
    )
    list(fit(model, TRAIN, VAL, training(epochs=2, batch_size=4)))
    orders = [torch.cat(seen[:3]), torch.cat(seen[3:])]
    assert [len(batch) for batch in seen] == [4, 4, 2] * 2
    for order in orders:
        assert sorted(x.sum().item() for x in order) == sorted(
            x.sum().item() for x in TRAIN.images_NHWC
        )
    assert not torch.equal(*orders)


def test_the_recorded_rate_is_that_of_the_epochs_first_step():
    config = training(epochs=4, batch_size=5, lr=0.4, schedule="cosine")
    got = [epoch.lr for epoch in fit(new_model(), TRAIN, VAL, config)]
    assert got == pytest.approx([0.4 * (1 + math.cos(math.pi * 2 * e / 8)) / 2 for e in range(4)])


def test_the_end_of_each_epoch_reaches_the_placement():
    model = new_model(FullConfig())
    model.prompt.placement = Regions((16, 16), 8, 2, temperature=5.0, decay=0.5)
    list(fit(model, TRAIN, VAL, training(epochs=3)))
    assert float(model.prompt.placement.temperature) == 5.0 * 0.5**3


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


def test_an_absurd_rate_ends_with_the_epoch_and_the_rate():
    config = training(epochs=20, optimizer=PLAIN_SGD, lr=1e38)
    with pytest.raises(DivergedError, match=r"epoch \d+ \(lr 1e\+38\)"):
        list(fit(new_model(FullConfig()), TRAIN, VAL, config))


def test_divergence_in_the_last_step_is_noticed_too():
    """One batch: the training loss is that of the start values, and only validation shows it."""
    config = training(epochs=1, batch_size=64, optimizer=PLAIN_SGD, lr=3e38)
    with pytest.raises(DivergedError):
        list(fit(new_model(FullConfig()), TRAIN, VAL, config))


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
