"""What happens in each epoch: batches, rates, the mapping's counts and the placement's records."""

import math
from itertools import pairwise

import pytest
import torch

from lorvp.mappings.frequency import IlmConfig
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.placements.regions import Regions
from lorvp.training.epoch import batch_sizes
from lorvp.training.trainer import fit
from lorvp.trials.result import history_rows
from tests.support.plain_training import (
    TRAIN,
    VAL,
    groups,
    new_model,
)
from tests.support.tiny import images, training


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
