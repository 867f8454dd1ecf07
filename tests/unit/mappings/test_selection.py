"""Mappings that pick source classes without a greedy choice: identity, random, most frequent."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lorvp.mappings.frequency import EvpIndexConfig, FlmConfig, IlmConfig, IlmOnlineConfig
from lorvp.mappings.selection import IdentityConfig, RlmConfig
from lorvp.mappings.text import SemanticConfig
from lorvp.prompts.methods.pad import PadConfig
from lorvp.trials.run import build
from tests.support.counting import count_predictions, refresh_mapping
from tests.support.tiny import SOURCES, TARGET_NAMES, TARGETS, ends, images, tiny_network, trial

SELECTIONS = [
    IdentityConfig(),
    RlmConfig(),
    FlmConfig(),
    IlmConfig(),
    IlmOnlineConfig(),
    EvpIndexConfig(),
    SemanticConfig(),
]


@pytest.mark.parametrize("config", SELECTIONS, ids=str)
def test_a_selection_picks_columns(config):
    mapping = config.build(ends())
    mapping.source_KM.copy_(torch.tensor([[4], [0], [6]]))
    outputs_BS = torch.rand(2, SOURCES)
    got = mapping(outputs_BS)
    for b in range(2):
        assert got[b].tolist() == [outputs_BS[b, s].item() for s in (4, 0, 6)]


@pytest.mark.parametrize("config", SELECTIONS, ids=str)
def test_selections_train_nothing_and_read_logits(config):
    mapping = config.build(ends())
    assert not list(mapping.parameters())
    assert mapping.reads == "logits"


@pytest.mark.parametrize("kind", [RlmConfig, FlmConfig, IlmConfig, IlmOnlineConfig, SemanticConfig])
@pytest.mark.parametrize("per_target", [1, 2, 3])
def test_several_source_logits_are_averaged(float64, kind, per_target):
    mapping = kind(per_target=per_target).build(ends(sources=9))
    assert mapping.source_KM.shape == (TARGETS, per_target)
    torch.manual_seed(0)
    chosen = torch.randperm(9)[: TARGETS * per_target].view(TARGETS, per_target)
    mapping.source_KM.copy_(chosen)
    outputs_BS = torch.randn(4, 9)
    got = mapping(outputs_BS)
    for b in range(4):
        for k in range(TARGETS):
            logits = [float(outputs_BS[b, s]) for s in chosen[k].tolist()]
            assert float(got[b, k]) == pytest.approx(sum(logits) / per_target, abs=1e-14)


@pytest.mark.parametrize("targets", [2, 3, SOURCES])
def test_identity_is_the_first_columns(targets):
    mapping = IdentityConfig().build(ends(targets=targets))
    outputs_BS = torch.rand(3, SOURCES)
    assert mapping(outputs_BS).tolist() == [row[:targets] for row in outputs_BS.tolist()]
    assert not any(mapping.due(epoch) for epoch in range(5))


def drawn(seed: int, targets: int, per_target: int = 1, sources: int = SOURCES) -> list[list[int]]:
    torch.manual_seed(seed)
    config = RlmConfig(per_target=per_target)
    return config.build(ends(sources=sources, targets=targets)).source_KM.tolist()


@pytest.mark.parametrize(
    ("targets", "per_target"), [(2, 1), (3, 1), (7, 1), (2, 2), (3, 2), (2, 3)]
)
def test_random_sources_are_distinct(targets, per_target):
    for seed in range(30):
        used = [s for own in drawn(seed, targets, per_target) for s in own]
        assert len(used) == len(set(used)) == targets * per_target
        assert set(used) <= set(range(SOURCES))


def test_as_many_random_places_as_sources_is_a_permutation():
    assert sorted(s for own in drawn(3, 3, 3, sources=9) for s in own) == list(range(9))


def test_random_sources_follow_the_trials_seed():
    assert drawn(5, 3) == drawn(5, 3)
    assert len({str(drawn(seed, 3)) for seed in range(20)}) > 10


def test_random_sources_are_drawn_once():
    torch.manual_seed(0)
    model = build(trial(PadConfig(width=2), RlmConfig()), tiny_network(), TARGET_NAMES)
    before = model.mapping.source_KM.clone()
    for epoch in range(4):
        assert not model.mapping.due(epoch)
        model.mapping.begin_epoch(epoch)
    assert torch.equal(model.mapping.source_KM, before)


def test_every_source_is_drawn_about_equally_often():
    """Chi squared of 4 degrees of freedom; 1 draw in 100,000 exceeds 28.5."""
    draws = 1000
    found = [drawn(seed, targets=2, sources=5) for seed in range(draws)]
    for k in range(2):
        seen = [sum(pair[k] == [s] for pair in found) for s in range(5)]
        expected = draws / 5
        assert sum((n - expected) ** 2 / expected for n in seen) < 28.5
    pairs = {(first[0], second[0]) for first, second in found}
    assert len(pairs) == math.perm(5, 2)


def most_frequent(counts_SK: list[list[int]]) -> list[list[int]]:
    """For each column the first row of its largest value."""
    columns = list(zip(*counts_SK, strict=True))
    return [[column.index(max(column))] for column in columns]


tables = st.integers(1, 6).flatmap(
    lambda targets: st.lists(
        st.lists(st.integers(0, 3), min_size=targets, max_size=targets), min_size=2, max_size=5
    )
)


@given(tables)
def test_evp_takes_the_mode_whatever_others_take(counts_SK):
    mapping = EvpIndexConfig().build(ends(len(counts_SK), targets=len(counts_SK[0])))
    mapping.refresh(torch.tensor(counts_SK))
    assert mapping.source_KM.tolist() == most_frequent(counts_SK)


def test_evp_may_give_one_source_to_several_targets():
    mapping = EvpIndexConfig().build(ends(sources=2, targets=4))
    mapping.refresh(torch.tensor([[1, 5, 0, 2], [9, 5, 3, 2]]))
    assert mapping.source_KM.tolist() == [[1], [0], [1], [0]]
    outputs_BS = torch.tensor([[10.0, 20.0]])
    assert mapping(outputs_BS).tolist() == [[20.0, 10.0, 20.0, 10.0]]


def test_evp_works_before_it_has_counts_with_more_targets_than_sources():
    assert EvpIndexConfig().build(ends(sources=2, targets=5))(torch.rand(3, 2)).shape == (3, 5)


def test_evp_counts_once_and_sees_the_prompt():
    torch.manual_seed(0)
    model = build(trial(PadConfig(width=4), EvpIndexConfig()), tiny_network(), TARGET_NAMES)
    assert [epoch for epoch in range(5) if model.mapping.due(epoch)] == [0]
    given_images = images(60)
    refresh_mapping(model, given_images, 0)
    with torch.no_grad():
        top_N = model.eval().outputs(given_images.images_NHWC, "logits").argmax(1).tolist()
    labels = given_images.labels_N.tolist()
    for k in range(TARGETS):
        seen = [s for s, y in zip(top_N, labels, strict=True) if y == k]
        assert model.mapping.source_KM[k].tolist() == [
            min(set(seen), key=lambda s: (-seen.count(s), s))
        ]
    assert int(count_predictions(model, given_images).sum()) == 60
