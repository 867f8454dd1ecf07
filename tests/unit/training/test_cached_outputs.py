"""Outputs of a network without a prompt: computed once, and nothing else changes."""

from dataclasses import replace

import pytest
import torch

from lorvp.augmentation.settings import Augmentation
from lorvp.datasets import labelled_images
from lorvp.mappings.bayesian import BlmConfig, BlmPlusConfig
from lorvp.mappings.frequency import EvpIndexConfig, FlmConfig, IlmConfig, IlmOnlineConfig
from lorvp.mappings.linear import FmConfig, LpConfig
from lorvp.mappings.selection import IdentityConfig, RlmConfig
from lorvp.mappings.text import SemanticConfig, TextConfig
from lorvp.networks.acceleration.engine import Engine
from lorvp.prompts.methods.autovp import AutoVpConfig
from lorvp.prompts.methods.full_finetune import FullFinetuneConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.training.cached_outputs import MappingAlone, Outputs, outputs_of, with_cached_outputs
from lorvp.training.evaluation import predict
from lorvp.training.timing import Duration
from lorvp.training.trainer import fit
from lorvp.trials.result import history_rows
from lorvp.trials.run import build, run
from tests.support.tiny import TARGETS, dataset, tiny_network, trial

MAPPINGS = [
    LpConfig(), IlmConfig(), FlmConfig(), FmConfig(), BlmPlusConfig(), BlmConfig(), RlmConfig(),
    IdentityConfig(), IlmOnlineConfig(), EvpIndexConfig(), TextConfig(), SemanticConfig(),
]  # fmt: skip
SPLITS = ("train", "val", "test")
kinds = pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda mapping: mapping.kind)


@pytest.fixture
def data(tmp_path):
    return dataset(tmp_path / "noise")


@pytest.fixture
def calls(monkeypatch):
    """How many images the network was given, each time that it was."""
    seen, run_engine = [], Engine.run

    def counting(self, canvas_BCHW, added_BCHW, reads):
        seen.append(len(canvas_BCHW))
        return run_engine(self, canvas_BCHW, added_BCHW, reads)

    network = tiny_network()
    build(trial(), network, ["a", "b", "c"])  # its engine tries itself out when it is made
    monkeypatch.setattr(Engine, "run", counting)
    return network, seen


def bare(mapping, **settings):
    return trial(NoneConfig(), mapping, **({"epochs": 4, "lr": 0.05} | settings))


def through_images(wanted, data):
    """Epochs, states after each and the model, trained on images at every step."""
    torch.manual_seed(wanted.seed)
    model = build(wanted, tiny_network(), data.class_names)
    train, val = data.split("train"), data.split("val")
    history, states = [], []
    for epoch in fit(model, train, val, wanted.training):
        history.append(epoch)
        states.append(model.trained_state())
    return history, states, model


@kinds
def test_history_predictions_and_state_are_those_of_training_on_images(data, mapping):
    result = run(bare(mapping), tiny_network(), data)
    history, states, model = through_images(bare(mapping), data)
    for found, expected in zip(history_rows(result.history), history_rows(history), strict=True):
        for row in (found, expected):
            del row["seconds"], row["wall_seconds"]
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)
    best = states[result.summary["best_epoch"]]
    assert result.state.keys() == best.keys()
    for name, tensor in best.items():
        torch.testing.assert_close(result.state[name], tensor, rtol=1e-5, atol=1e-5)
    model.load_trained_state(best)
    answers = predict(model, data.split("test"))
    assert torch.equal(result.test.predicted_N, answers.predicted_N)
    torch.testing.assert_close(result.test.confidence_N, answers.confidence_N)
    torch.testing.assert_close(result.test.loss_N, answers.loss_N, rtol=1e-5, atol=1e-6)


@kinds
def test_the_same_numbers_are_drawn(data, mapping):
    run(bare(mapping), tiny_network(), data)
    after = torch.get_rng_state()
    through_images(bare(mapping), data)
    assert torch.equal(torch.get_rng_state(), after)


@kinds
def test_the_network_sees_every_image_once(data, calls, mapping):
    network, seen = calls
    run(bare(mapping, test_every_epoch=True), network, data)
    assert seen == [12, 6, 9]


MOVING = {
    "mirrored": bare(LpConfig(), augmentation={"flip": True}),
    "cut out": bare(LpConfig(), augmentation={"enlarge": 1.5}),
    "a prompt": trial(LorVpConfig(rank=2), LpConfig(), epochs=4),
    "a frame": trial(AutoVpConfig(base=8, scale=1.0), LpConfig(), epochs=4),
    "a trained network": trial(FullFinetuneConfig(), LpConfig(), epochs=4),
}


@pytest.mark.parametrize("case", MOVING)
def test_what_changes_from_epoch_to_epoch_is_not_remembered(data, case):
    kept = []
    result = run(MOVING[case], tiny_network(), data, cache=lambda name, make: kept.append(name))
    assert kept == []
    expected, _, _ = through_images(MOVING[case], data)
    assert [e.train_loss for e in result.history] == [e.train_loss for e in expected]


@pytest.mark.parametrize(
    ("augmentation", "fixed"),
    [(Augmentation(), True), (Augmentation(flip=True), False), (Augmentation(enlarge=2), False)],
)
def test_only_what_is_laid_the_same_way_each_time_is_fixed(augmentation, fixed):
    asked = bare(LpConfig(), augmentation=augmentation)
    assert build(asked, tiny_network(), ["a", "b", "c"]).prompt.fixed == fixed


@pytest.mark.parametrize(
    ("mapping", "reads"), [(LpConfig(), "features"), (FmConfig(), "logits"),
                           (IlmConfig(), "logits"), (TextConfig(), "features")], ids=str,
)  # fmt: skip
def test_names_tell_splits_and_what_is_read_apart(data, mapping, reads):
    kept = {}
    run(bare(mapping), tiny_network(), data, cache=lambda name, make: kept.setdefault(name, make()))
    assert set(kept) == {f"{reads} {name}" for name in SPLITS}
    width = {"features": 5, "logits": 7}[reads]
    sizes = {name: tuple(outputs.outputs_N.shape) for name, outputs in kept.items()}
    assert sizes == {
        f"{reads} train": (12, width), f"{reads} val": (6, width), f"{reads} test": (9, width)
    }  # fmt: skip


@pytest.mark.parametrize("mapping", [LpConfig(), IlmConfig()], ids=lambda mapping: mapping.kind)
def test_what_is_kept_serves_trials_with_other_seeds(data, calls, mapping):
    network, seen = calls
    store: dict[str, Outputs] = {}

    def cache(name, make):
        return store[name] if name in store else store.setdefault(name, make())

    run(bare(mapping), network, data, cache=cache)
    number = len(seen)
    shared = run(bare(mapping, seed=3), network, data, cache=cache)
    assert len(seen) == number
    alone = run(bare(mapping, seed=3), network, data)
    assert [e.val_loss for e in shared.history] == [e.val_loss for e in alone.history]
    assert torch.equal(shared.test.loss_N, alone.test.loss_N)
    assert all(torch.equal(shared.state[name], alone.state[name]) for name in alone.state)


def test_outputs_are_those_of_all_images_in_order_as_they_are_at_a_test(data, monkeypatch):
    monkeypatch.setattr(labelled_images, "EVAL_BATCH", 4)
    moving = bare(LpConfig(), augmentation={"flip": True, "enlarge": 2})
    model = build(moving, tiny_network(), data.class_names)
    found = outputs_of(model.train(), data.split("test"))
    split = data.split("test")
    with torch.no_grad():
        each = [model.eval().outputs(split.images_NHWC[n : n + 1]) for n in range(len(split))]
    torch.testing.assert_close(found.outputs_N, torch.cat(each))
    assert found.outputs_N.device.type == "cpu"
    assert found.took.seconds > 0
    assert found.took.wall_seconds > 0


def test_outputs_take_the_place_of_images_and_labels_stay(data):
    model = build(bare(LpConfig()), tiny_network(), data.class_names)
    splits = {name: data.split(name) for name in SPLITS}
    kept = {}
    alone, moved, found = with_cached_outputs(
        model, splits, lambda name, make: kept.setdefault(name, make())
    )
    assert isinstance(alone, MappingAlone)
    assert alone.mapping is model.mapping
    assert alone.parameter_groups() == model.parameter_groups()
    assert {name: len(part) for name, part in moved.items()} == {"train": 12, "val": 6, "test": 9}
    for name, part in moved.items():
        assert torch.equal(part.labels_N, splits[name].labels_N)
        expected = outputs_of(model, splits[name]).outputs_N
        assert torch.equal(part.batch(torch.arange(len(part)))[0], expected)
    assert found == {name: kept[f"features {name}"] for name in SPLITS}


def test_the_pass_over_the_training_images_counts_as_training_time(data):
    def cache(name, make):
        train = name.endswith("train")
        return replace(make(), took=Duration(1000.0, 3000.0) if train else Duration(1e6, 1e6))

    result = run(bare(LpConfig()), tiny_network(), data, cache=cache)
    trained = sum(epoch.seconds for epoch in result.history)
    assert result.summary["seconds"] == pytest.approx(1000 + trained)
    by_the_clock = sum(epoch.wall_seconds for epoch in result.history)
    assert result.summary["wall_seconds"] == pytest.approx(3000 + by_the_clock)


def test_only_the_mappings_values_are_counted(data):
    found = run(bare(LpConfig()), tiny_network(), data).summary
    assert found["trained_values"] == found["mapping_values"] == 5 * TARGETS + TARGETS
