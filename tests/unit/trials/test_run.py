"""One trial: which epoch is kept, and that the test images decide nothing."""

import numpy as np
import pytest
import torch

from lorvp.datasets import prepared
from lorvp.datasets.source import ImageArray, Source
from lorvp.datasets.write import write
from lorvp.mappings.bayesian import BlmConfig, BlmPlusConfig
from lorvp.mappings.frequency import EvpIndexConfig, IlmConfig, IlmOnlineConfig
from lorvp.mappings.linear import LpConfig
from lorvp.mappings.selection import IdentityConfig, RlmConfig
from lorvp.mappings.text import SemanticConfig, TextConfig
from lorvp.prompts.methods.adavipro import AdaViProConfig
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.prompts.methods.vpt import VptConfig
from lorvp.prompts.placements.regions import Regions
from lorvp.training.evaluation import predict
from lorvp.training.trainer import fit
from lorvp.trials.run import build, history_rows, run
from tests.support.tiny import TARGET_NAMES, TARGETS, dataset, tiny_network, trial


@pytest.fixture
def data(tmp_path):
    return dataset(tmp_path / "noise")


def best_by_rule(history) -> int:
    """Highest validation accuracy; then the lowest validation loss; then the first."""
    best = 0
    for e, epoch in enumerate(history):
        better = epoch.val_accuracy > history[best].val_accuracy
        level = epoch.val_accuracy == history[best].val_accuracy
        if better or (level and epoch.val_loss < history[best].val_loss):
            best = e
    return best


TIMES = {"seconds", "wall_seconds"}


def without_seconds(history) -> list[dict]:
    return [{k: v for k, v in row.items() if k not in TIMES} for row in history_rows(history)]


def same(first: dict, second: dict) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def noisy(seed: int, epochs: int = 8):
    """A rate so high that validation accuracy goes up and down."""
    return trial(FullConfig(), seed=seed, epochs=epochs, lr=0.2)


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


@pytest.mark.parametrize(
    "mapping",
    [IlmConfig(), IlmOnlineConfig(per_target=2), BlmConfig(), BlmPlusConfig(), RlmConfig(),
     EvpIndexConfig(), TextConfig(), SemanticConfig()],
    ids=str,
)  # fmt: skip
def test_the_state_brings_its_mapping_with_it(data, mapping):
    """In a model of another seed, without any counts, it answers as in the kept epoch."""
    wanted = trial(FullConfig(), mapping, epochs=4, lr=0.2)
    result = run(wanted, tiny_network(), data)
    torch.manual_seed(99)
    other = build(wanted, tiny_network(), data.class_names)
    other.load_trained_state(result.state)
    assert torch.equal(predict(other, data.split("test")).predicted_N, result.test.predicted_N)
    val = data.split("val")
    kept = result.history[result.summary["best_epoch"]]
    assert predict(other, val).accuracy(val.labels_N) == kept.val_accuracy


def test_random_sources_come_from_the_trials_seed(data):
    first, again, other = (
        run(trial(FullConfig(), RlmConfig(), seed=seed, epochs=1), tiny_network(), data).state
        for seed in (3, 3, 4)
    )
    assert torch.equal(first["mapping.source_KM"], again["mapping.source_KM"])
    assert not torch.equal(first["mapping.source_KM"], other["mapping.source_KM"])


def test_target_names_are_those_of_the_dataset(data):
    asked = []
    network = tiny_network()
    encode = network.text.encode
    network.text.encode = lambda texts: (asked.extend(texts), encode(texts))[1]
    run(trial(FullConfig(), TextConfig(), epochs=1), network, data)
    assert asked == [f"This is a photo of a class {k}" for k in range(TARGETS)]


def trained(wanted, data):
    """The model after its last epoch."""
    torch.manual_seed(wanted.seed)
    model = build(wanted, tiny_network(), TARGET_NAMES)
    list(fit(model, data.split("train"), data.split("val"), wanted.training))
    return model


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


def test_a_trial_does_not_depend_on_what_ran_before_it(data):
    first = run(noisy(3), tiny_network(), data)
    run(noisy(4), tiny_network(), data)
    torch.rand(17)
    again = run(noisy(3), tiny_network(), data)
    assert same(first.state, again.state)
    assert first.predictions().equals(again.predictions())


def test_summary_counts_values_by_role(data):
    method = AdaViProConfig(width=2, side=8, hidden=3)
    found = run(trial(method, LpConfig()), tiny_network(), data).summary
    border, generator, head = 3 * 2 * 2 * (32 - 4), 27 * 3 + 3 + 2 * 3 * 64 + 2, 5 * 3 + 3
    assert found["content_values"] == border
    assert found["placement_values"] == generator
    assert found["mapping_values"] == head
    assert found["trained_values"] == border + generator + head
    nothing = run(trial(NoneConfig(), IdentityConfig()), tiny_network(), data).summary
    assert nothing["trained_values"] == nothing["content_values"] == 0
    assert nothing["epochs"] == 1


def test_predictions_are_one_row_per_test_image_in_order(data):
    result = run(trial(), tiny_network(), data)
    table = result.predictions()
    assert table.columns == ["label", "predicted", "confidence", "loss"]
    assert table["label"].to_list() == data.split("test").labels_N.tolist()
    right = (table["label"] == table["predicted"]).sum() / len(table)
    assert right == pytest.approx(result.summary["test_accuracy"])
    assert table["confidence"].is_between(1 / TARGETS, 1).all()


def test_every_epoch_is_told_as_it_ends(data):
    told = []
    result = run(trial(epochs=3), tiny_network(), data, on_epoch=told.append)
    assert told == result.history
    assert result.summary["epochs"] == 3
    for name in TIMES:
        assert result.summary[name] == pytest.approx(sum(getattr(e, name) for e in told))


def norm_of(method, data, monkeypatch, shown: bool = True) -> float | None:
    """The prompt's norm in the record of a trial; shown in every region, or in none."""

    def decisions(self, canvas_BCHW):
        return torch.full((len(canvas_BCHW), 1, 2, 2), float(shown)) + 0 * self.policy.bias.sum()

    monkeypatch.setattr(Regions, "decisions", decisions)
    return run(trial(method, epochs=1), tiny_network(), data).summary["prompt_linf"]


def test_the_record_tells_how_far_the_prompt_reaches(data, monkeypatch):
    regions = AdaViProConfig(width=2, side=8)
    assert norm_of(regions, data, monkeypatch) > 0
    assert norm_of(regions, data, monkeypatch, shown=False) == 0, "it chose no region"
    assert norm_of(NoneConfig(), data, monkeypatch) == 0
    assert norm_of(VptConfig(), data, monkeypatch) is None, "it acts inside the network"


def test_the_norm_is_of_the_kept_epoch_on_all_test_images(data, monkeypatch):
    monkeypatch.setattr(prepared, "EVAL_BATCH", 4)
    wanted = trial(AdaViProConfig(width=2, side=8, hidden=3), epochs=4, lr=0.2)
    result = run(wanted, tiny_network(), data)
    model = build(wanted, tiny_network(), data.class_names).eval()
    model.load_trained_state(result.state)
    with torch.no_grad():
        added_NCHW = model.added(model.prompt.fit(data.split("test").images_NHWC))
    assert len(added_NCHW) == len(data.split("test"))
    assert result.summary["prompt_linf"] == float(added_NCHW.abs().max())


def test_a_norm_that_is_no_number_is_not_written_down(data):
    model = build(trial(), tiny_network(), TARGET_NAMES)
    assert model.linf_of([torch.tensor(1.0), torch.tensor(torch.nan)]) is None
