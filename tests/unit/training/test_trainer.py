"""Training against a plain loop in the test: same order, same losses, same values."""

import math
from itertools import pairwise

import pytest
import torch

from lorvp.datasets.prepared import LabelledImages
from lorvp.mappings.frequency import IlmConfig
from lorvp.mappings.linear import FmConfig, LpConfig
from lorvp.mappings.selection import IdentityConfig
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.prompts.placements.regions import Regions
from lorvp.training.epoch import DivergedError, batch_sizes
from lorvp.training.evaluation import predict
from lorvp.training.model import PromptedNetwork
from lorvp.training.trainer import fit
from lorvp.trials.run import build, history_rows
from tests.support.tiny import TARGET_NAMES, images, tiny_network, training, trial

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


def groups(order: list, batch: int) -> list[list]:
    """Cut every ``batch`` images; a last one alone goes with those before it."""
    cut = [order[i : i + batch] for i in range(0, len(order), batch)]
    if len(cut) > 1 and len(cut[-1]) == 1 < batch:
        alone = cut.pop()
        cut[-1] += alone
    return cut


def plain_epoch(model, lr: float, batch: int) -> tuple[float, float]:
    order = torch.randperm(len(TRAIN)).tolist()
    steps = [plain_step(model, rows, lr) for rows in groups(order, batch)]
    return sum(s[0] for s in steps) / len(TRAIN), sum(s[1] for s in steps) / len(TRAIN)


def plain_measure(model, images: LabelledImages) -> tuple[float, float]:
    losses, right = [], 0
    with torch.no_grad():
        for n in range(len(images)):
            logits_K = model.eval()(images.images_NHWC[n : n + 1])[0]
            losses.append(float(loss_of(logits_K, int(images.labels_N[n]))))
            right += int(logits_K.argmax()) == int(images.labels_N[n])
    return sum(losses) / len(images), right / len(images)


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


@pytest.mark.parametrize("batch", range(1, 14))
def test_batches_hold_all_images_and_none_is_of_one_image_unless_asked_for(batch):
    for number in range(1, 30):
        sizes = batch_sizes(number, batch)
        assert sizes == [len(rows) for rows in groups(list(range(number)), batch)]
        assert sum(sizes) == number
        assert 1 not in sizes or batch == 1 or number == 1


@pytest.mark.parametrize(("number", "steps"), [(9, 3), (10, 3), (11, 4), (12, 4), (13, 4)])
def test_the_schedule_has_as_many_steps_as_there_are_batches(number, steps):
    """Three images a step; the rate of each epoch's first step is that of the cosine."""
    config = training(epochs=4, batch_size=3, lr=0.4, schedule="cosine")
    got = [epoch.lr for epoch in fit(new_model(), images(number), VAL, config)]
    cosine = [0.4 * (1 + math.cos(math.pi * e * steps / (4 * steps))) / 2 for e in range(4)]
    assert got == pytest.approx(cosine)
    config = training(epochs=2, batch_size=3, lr=1.0, warmup_steps=2 * steps)
    assert [epoch.lr for epoch in fit(new_model(), images(number), VAL, config)] == pytest.approx(
        [1 / (2 * steps), (steps + 1) / (2 * steps)]
    )


def with_regions():
    model = new_model(FullConfig())
    model.prompt.placement = Regions((16, 16), 8, 2, temperature=5.0, decay=0.5)
    return model


def test_the_end_of_each_epoch_reaches_the_placement():
    model = with_regions()
    list(fit(model, TRAIN, VAL, training(epochs=3)))
    assert float(model.prompt.placement.temperature) == 5.0 * 0.5**3


def test_what_the_placement_tells_is_in_each_epochs_record():
    records = list(fit(with_regions(), TRAIN, VAL, training(epochs=3)))
    assert [r.placement["temperature"] for r in records] == [5.0, 2.5, 1.25]
    rows = history_rows(records)
    assert [row["temperature"] for row in rows] == [5.0, 2.5, 1.25]
    assert all(0 <= row["regions_shown"] <= 1 for row in rows)
    assert [row["val_loss"] for row in rows] == [r.val_loss for r in records]
    assert "placement" not in rows[0]


def test_prompts_with_nothing_to_tell_have_plain_records():
    (row,) = history_rows(list(fit(new_model(), TRAIN, VAL, training(epochs=1))))
    assert set(row) == {"epoch", "lr", "train_loss", "train_accuracy", "val_loss", "val_accuracy",
                        "seconds", "wall_seconds"}  # fmt: skip


@pytest.mark.parametrize("interval", [1, 2])
def test_the_mapping_counts_before_an_epoch_and_sees_its_steps_after_them(interval, monkeypatch):
    model, told = new_model(FullConfig(), IlmConfig(interval=interval)), []
    mapping = model.mapping
    for name in ("refresh", "begin_epoch", "observe"):
        monkeypatch.setattr(mapping, name, lambda *given, name=name: told.append((name, given)))
    mapping.register_forward_hook(
        lambda module, given, result: told.append(("step", given) if module.training else ("look",))
    )
    torch.manual_seed(7)
    list(fit(model, TRAIN, VAL, training(epochs=3, batch_size=4)))
    expected = []
    for epoch in range(3):
        expected += ["refresh"] * (epoch % interval == 0)
        expected += ["begin_epoch", *["step", "observe"] * 3, "look"]
    assert [name for name, *_ in told] == expected
    assert [given[0] for name, *rest in told if name == "begin_epoch" for given in rest] == [
        0,
        1,
        2,
    ]
    torch.manual_seed(7)
    orders = [torch.randperm(len(TRAIN)) for _ in range(3)]
    labels_N = torch.cat([given[1] for name, *rest in told if name == "observe" for given in rest])
    assert torch.equal(labels_N, TRAIN.labels_N[torch.cat(orders)])
    for (name, *rest), (after, *seen) in pairwise(told):
        if name == "step":
            assert after == "observe"
            assert torch.equal(rest[0][0], seen[0][0]), "the very outputs of the step"


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


def test_an_absurd_rate_ends_with_the_epoch_and_the_rate():
    config = training(epochs=20, optimizer=PLAIN_SGD, lr=1e38)
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

    training_only = lambda x: outputs(x) if model.prompt.training else type(model).outputs(model, x)  # noqa: E731
    monkeypatch.setattr(model, "outputs", training_only)
    epochs = fit(model, TRAIN, VAL, training(epochs=5, batch_size=4, optimizer=PLAIN_SGD, lr=0.1))
    assert [next(epochs).epoch, next(epochs).epoch] == [0, 1]
    said = r"^diverged in epoch 2, step 1: training loss nan \(lr 0\.1; epoch 1 was the last"
    with pytest.raises(DivergedError, match=said):
        next(epochs)
    assert len(seen) == 8


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
