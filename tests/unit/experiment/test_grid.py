"""From the grid of params.yaml to the list of trials: products, order, duplicates."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorvp.experiment.params import Experiment, check, read
from lorvp.mappings.bayesian import BlmConfig
from lorvp.mappings.frequency import FlmConfig, IlmConfig
from lorvp.mappings.text import TextConfig
from lorvp.prompts.contents.low_rank import LowRankConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.prompts.methods.pad import PadConfig
from lorvp.prompts.placements.regions import RegionsConfig
from lorvp.recipe import AdamConfig, MultistepConfig, SgdConfig, TrainingConfig
from tasks.settings import RunParams
from tests.support.experiments import block, params


@pytest.fixture
def experiment(tmp_path):
    def of(*blocks: str) -> Experiment:
        (tmp_path / "params.yaml").write_text(params(*blocks))
        return read(tmp_path / "params.yaml")

    return of


@pytest.fixture
def trials(experiment):
    return lambda *blocks: [point.trial for point in experiment(*blocks).points]


def test_a_block_of_plain_values_is_one_trial_with_the_defaults(trials):
    (only,) = trials(block())
    assert (only.dataset, only.network, only.seed) == ("digits", "net", 0)
    assert only.method == NoneConfig()
    assert only.training == TrainingConfig()


def test_lists_multiply_with_the_last_key_turning_fastest(trials):
    found = trials(block(method="[none, full]", mapping="[fm, lp]", seed="[0, 1, 2]"))
    expected = list(product(["none", "full"], ["fm", "lp"], [0, 1, 2]))
    assert [(t.method.kind, t.mapping.kind, t.seed) for t in found] == expected


def test_settings_of_a_choice_multiply_too(trials):
    found = trials(block(method="{lor_vp: {rank: [1, 4], std: [0.01, 0.1]}, pad: {width: 2}}"))
    expected = [LorVpConfig(rank=r, std=s) for r in (1, 4) for s in (0.01, 0.1)]
    assert [t.method for t in found] == [*expected, PadConfig(width=2)]


def test_a_choice_is_a_word_a_list_or_a_mapping_with_or_without_settings(trials):
    words = {
        "none": [NoneConfig()],
        "[none, lor_vp]": [NoneConfig(), LorVpConfig()],
        "{none: , lor_vp: }": [NoneConfig(), LorVpConfig()],
        "{lor_vp: {}}": [LorVpConfig()],
        "{thin: {kind: lor_vp, rank: 1}, thick: {kind: lor_vp, rank: 8}}": [
            LorVpConfig(rank=1),
            LorVpConfig(rank=8),
        ],
    }
    for text, expected in words.items():
        assert [t.method for t in trials(block(method=text))] == expected
    assert [t.mapping for t in trials(block(mapping="{ilm: {interval: 3}}"))] == [
        IlmConfig(interval=3)
    ]


def test_settings_of_a_mapping_multiply_too(trials):
    text = "{flm: {per_target: [1, 5]}, blm: {smoothing: [1.0, 2.0]}, text: }"
    assert [t.mapping for t in trials(block(mapping=text))] == [
        FlmConfig(per_target=1),
        FlmConfig(per_target=5),
        BlmConfig(smoothing=1.0),
        BlmConfig(smoothing=2.0),
        TextConfig(),
    ]


def test_augmentation_multiplies_as_other_settings(trials):
    text = "{augmentation: {enlarge: [1.0, 1.125], flip: [false, true]}}"
    found = [t.training.augmentation for t in trials(block(training=text))]
    assert [(a.enlarge, a.flip) for a in found] == list(product([1.0, 1.125], [False, True]))


def test_training_settings_multiply_at_any_depth(trials):
    text = "{lr: [0.1, 0.2], optimizer: {kind: sgd, momentum: [0.0, 0.9]}}"
    found = [(t.training.lr, t.training.optimizer.momentum) for t in trials(block(training=text))]
    assert found == [(0.1, 0.0), (0.1, 0.9), (0.2, 0.0), (0.2, 0.9)]


def test_kinds_may_be_swept_as_words(trials):
    found = trials(block(training="{optimizer: [adam, sgd]}"))
    assert [t.training.optimizer for t in found] == [AdamConfig(), SgdConfig()]


def test_a_list_of_mappings_is_swept_and_what_is_inside_too(trials):
    text = "[{epochs: 1}, {epochs: [2, 3], lr: [0.1, 0.2]}]"
    found = [(t.training.epochs, t.training.lr) for t in trials(block(training=text))]
    assert found == [(1, 0.02), (2, 0.1), (2, 0.2), (3, 0.1), (3, 0.2)]


def test_a_value_that_is_a_list_stands_inside_one(trials):
    text = "{schedule: {kind: multistep, milestones: [[0.5, 0.72], [0.3]]}}"
    found = [t.training.schedule for t in trials(block(training=text))]
    assert found == [MultistepConfig(milestones=(0.5, 0.72)), MultistepConfig(milestones=(0.3,))]


def test_compose_takes_parts_with_settings_of_their_own(trials):
    text = """
      mine:
        kind: compose
        content: {kind: low_rank, rank: [1, 2]}
        placement: {kind: regions, side: 8}"""
    found = [t.method for t in trials(block(method=text))]
    assert [m.content for m in found] == [LowRankConfig(rank=1), LowRankConfig(rank=2)]
    assert {m.placement for m in found} == {RegionsConfig(side=8)}


def test_blocks_follow_one_another(trials):
    found = trials(block("b", seed="[5, 6]"), block("a", seed="[1, 2]"))
    assert [t.seed for t in found] == [5, 6, 1, 2]


def test_a_trial_that_two_blocks_ask_for_is_one_where_it_stood_first(trials):
    found = trials(
        block("a", method="[none, full]", seed="[0, 1]"),
        block("b", method="[lor_vp, full]", seed="[1, 2]"),
    )
    assert [(t.method.kind, t.seed) for t in found] == [
        ("none", 0),
        ("none", 1),
        ("full", 0),
        ("full", 1),
        ("lor_vp", 1),
        ("lor_vp", 2),
        ("full", 2),
    ]


def test_a_value_written_twice_is_one_trial(trials):
    assert len(trials(block(seed="[3, 3]"))) == 1


def test_a_default_that_is_written_out_is_the_same_trial(trials):
    found = trials(block("a", method="lor_vp"), block("b", method="{lor_vp: {rank: 4, std: 0.01}}"))
    assert len(found) == 1


def test_datasets_and_networks_multiply(tmp_path):
    text = params(block(dataset="[digits, letters]", network="[net, twin]"))
    twin = "  twin:\n    kind: trained\n    dataset: letters\n    architecture: test_resnet\ngrid:"
    (tmp_path / "params.yaml").write_text(text.replace("grid:", twin))
    found = read(tmp_path / "params.yaml").points
    assert [(p.trial.dataset, p.trial.network) for p in found] == list(
        product(["digits", "letters"], ["net", "twin"])
    )


values = st.lists(st.integers(0, 50), min_size=1, max_size=4)


@given(values, values, values)
def test_as_many_trials_as_different_combinations(ranks, epochs, seeds):
    raw = {
        "datasets": {"digits": "digits"},
        "checkpoints": {"net": {"kind": "trained", "dataset": "digits", "architecture": "x"}},
        "grid": {
            "a": {
                "dataset": "digits",
                "network": "net",
                "method": {"lor_vp": {"rank": [r + 1 for r in ranks]}},
                "mapping": "lp",
                "training": {"epochs": [e + 1 for e in epochs]},
                "seed": seeds,
            }
        },
    }
    experiment, problems = check(raw, RunParams)
    assert problems == []
    trials = [point.trial for point in experiment.points]
    found = [(t.method.rank - 1, t.training.epochs - 1, t.seed) for t in trials]
    assert found == list(dict.fromkeys(product(ranks, epochs, seeds)))
