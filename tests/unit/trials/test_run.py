"""One trial: its state, its summary and its predictions, from its own seed alone."""

import pytest
import torch

from lorvp.mappings.bayesian import BlmConfig, BlmPlusConfig
from lorvp.mappings.frequency import EvpIndexConfig, IlmConfig, IlmOnlineConfig
from lorvp.mappings.linear import LpConfig
from lorvp.mappings.selection import IdentityConfig, RlmConfig
from lorvp.mappings.text import SemanticConfig, TextConfig
from lorvp.prompts.methods.adavipro import AdaViProConfig
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.training.evaluation import predict
from lorvp.trials.run import build, run
from tests.support.layers import same
from tests.support.runs import TIMES, noisy
from tests.support.tiny import TARGETS, tiny_network, trial


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
