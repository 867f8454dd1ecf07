"""What all mappings share: when they count, what they count, what they read and refuse."""

from typing import get_args

import pytest
import torch

from lorvp.datasets.labelled_images import LabelledImages
from lorvp.errors import InputError
from lorvp.mappings import MappingConfig
from lorvp.mappings.attrvr import AttrVrConfig
from lorvp.mappings.bayesian import BlmConfig, BlmPlusConfig
from lorvp.mappings.frequency import EvpIndexConfig, FlmConfig, IlmConfig, IlmOnlineConfig
from lorvp.mappings.linear import FmConfig, LpConfig
from lorvp.mappings.prm import PrmConfig
from lorvp.mappings.rvp import RvpConfig
from lorvp.mappings.selection import IdentityConfig, RlmConfig
from lorvp.mappings.text import SemanticConfig, TextConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.prompts.methods.pad import PadConfig
from lorvp.training.trainer import fit
from lorvp.trials.run import build
from tests.support.counting import count_predictions, refresh_mapping
from tests.support.greedy_choice import literal
from tests.support.tiny import (
    SOURCES,
    TARGET_NAMES,
    TARGETS,
    ends,
    images,
    tiny_network,
    training,
    trial,
)

KINDS = get_args(get_args(MappingConfig)[0])
EVERY_EPOCH = [0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("config", "epochs"),
    [
        (IdentityConfig(), []),
        (RlmConfig(), []),
        (FmConfig(), []),
        (LpConfig(), []),
        (TextConfig(), []),
        (SemanticConfig(), []),
        (FlmConfig(), [0]),
        (EvpIndexConfig(), [0]),
        (IlmOnlineConfig(), [0]),
        (IlmConfig(), EVERY_EPOCH),
        (IlmConfig(interval=1), EVERY_EPOCH),
        (IlmConfig(interval=3), [0, 3, 6]),
        (BlmConfig(), EVERY_EPOCH),
        (BlmConfig(interval=4), [0, 4]),
        (BlmPlusConfig(), EVERY_EPOCH),
        (BlmPlusConfig(interval=2), [0, 2, 4, 6]),
    ],
    ids=str,
)
def test_when_counts_are_due(config, epochs):
    mapping = config.build(ends())
    assert [epoch for epoch in range(7) if mapping.due(epoch)] == epochs


def prompted_model(mapping, seed: int = 0):
    torch.manual_seed(seed)
    return build(trial(PadConfig(width=2), mapping), tiny_network(), TARGET_NAMES)


@pytest.mark.parametrize("number", [1, 5, 255, 256, 257, 513])
def test_counts_are_those_of_a_loop_over_single_images(number):
    model, given = prompted_model(FlmConfig()), images(number)
    expected = torch.zeros(SOURCES, TARGETS, dtype=torch.int64)
    with torch.inference_mode():
        for n in range(number):
            logits_1S = model.eval().outputs(given.images_NHWC[n : n + 1], "logits")
            expected[int(logits_1S.argmax()), int(given.labels_N[n])] += 1
    got = count_predictions(model, given)
    assert torch.equal(got, expected)
    assert int(got.sum()) == number


def test_the_top_source_of_equal_logits_is_the_smallest():
    logits_BS = torch.tensor([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [0.0, -1.0, 0.0]])
    mapping = FlmConfig().build(ends(sources=3, targets=2))
    assert mapping.count(logits_BS, torch.tensor([1, 1, 0])).tolist() == [[1, 1], [0, 1], [0, 0]]


def test_counts_see_the_prompt():
    """Counting the bare images instead is a fault of published code."""
    model, given = prompted_model(FlmConfig()), images(60)
    bare = build(trial(NoneConfig(), FlmConfig()), tiny_network(), TARGET_NAMES)
    assert not torch.equal(count_predictions(model, given), count_predictions(bare, given))


def test_counts_are_of_images_as_they_are_at_a_test():
    """Without the crops and flips that training images get."""
    plain, given = prompted_model(FlmConfig()), images(60)
    torch.manual_seed(0)
    augmented = trial(PadConfig(width=2), FlmConfig(), augmentation={"enlarge": 2.0, "flip": True})
    model = build(augmented, tiny_network(), TARGET_NAMES).train()
    assert torch.equal(count_predictions(model, given), count_predictions(plain, given))


@pytest.mark.parametrize("per_target", [1, 2])
@pytest.mark.parametrize("kind", [FlmConfig, IlmConfig, IlmOnlineConfig])
def test_frequency_takes_the_greedy_choice_from_the_counts(kind, per_target):
    model, given = prompted_model(kind(per_target=per_target)), images(60)
    start = model.mapping.source_KM.tolist()
    refresh_mapping(model, given, epoch=0)
    expected = literal(count_predictions(model, given).tolist(), per_target)
    assert model.mapping.source_KM.tolist() == expected
    assert expected != start, "a case in which counting changes something"


def test_no_refresh_where_none_is_due():
    model, given = prompted_model(FlmConfig()), images(60)
    refresh_mapping(model, given, epoch=1)
    assert model.mapping.source_KM.tolist() == [[0], [1], [2]]


def test_iterative_mapping_follows_the_prompt_and_frequency_mapping_does_not():
    """Train, then count with the prompt of the epoch before the last, by hand."""
    given = images(30)
    for mapping, follows in ((IlmConfig(), True), (FlmConfig(), False)):
        model = prompted_model(mapping)
        start = literal(count_predictions(model, given).tolist())
        run = fit(model, given, images(3), training(epochs=4, lr=0.5))
        for _ in range(3):
            next(run)
        now = literal(count_predictions(model, given).tolist())
        assert now != start, "a case in which training changes the counts"
        next(run)
        assert model.mapping.source_KM.tolist() == (now if follows else start)


@pytest.mark.parametrize("kind", [IdentityConfig, RlmConfig, FlmConfig, IlmConfig, IlmOnlineConfig])
def test_too_few_source_classes_are_refused_with_both_numbers(kind):
    with pytest.raises(InputError, match=rf"'{kind().kind}'.* 10 target .* 9.*fm or lp"):
        kind().build(ends(sources=9, targets=10))
    kind().build(ends(sources=10, targets=10))


@pytest.mark.parametrize("kind", [RlmConfig, FlmConfig, IlmConfig, IlmOnlineConfig, SemanticConfig])
@pytest.mark.parametrize("per_target", [2, 3])
def test_several_sources_for_each_target_need_as_many_times_more(kind, per_target):
    config, needed = kind(per_target=per_target), per_target * 4
    told = rf"'{config.kind}'.* 4 target classes {per_target} source classes.* {needed - 1};"
    with pytest.raises(InputError, match=told):
        config.build(ends(sources=needed - 1, targets=4))
    config.build(ends(sources=needed, targets=4))


@pytest.mark.parametrize(
    "config", [FmConfig(), BlmConfig(), BlmPlusConfig(), EvpIndexConfig()], ids=str
)
def test_others_that_read_logits_do_not_mind_few_source_classes(config):
    assert config.build(ends(sources=2, targets=10))(torch.rand(1, 2)).shape == (1, 10)


READ_FEATURES = (LpConfig, TextConfig, AttrVrConfig, PrmConfig, RvpConfig)


@pytest.mark.parametrize("config", [kind() for kind in READ_FEATURES], ids=str)
def test_mappings_that_read_features_do_not_look_at_source_classes(config):
    mapping = config.build(ends(sources=2, features=4, targets=10))
    assert mapping.reads == "features"
    assert mapping(torch.rand(1, 4)).shape == (1, 10)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in READ_FEATURES])
def test_all_others_read_logits(kind):
    assert kind().build(ends()).reads == "logits"


@pytest.mark.parametrize("kind", KINDS)
def test_few_mappings_train_values(kind):
    trained = sum(p.numel() for p in kind().build(ends(sources=7, features=5)).parameters())
    expected = {FmConfig: 7 * 3 + 3, LpConfig: 5 * 3 + 3, RvpConfig: 3 * 20 + 3 * 3}
    assert trained == expected.get(kind, 0)


def without_class(given: LabelledImages, missing: int) -> LabelledImages:
    kept = given.labels_N != missing
    return LabelledImages(given.images_NHWC[kept], given.labels_N[kept])


@pytest.mark.parametrize("missing", [0, 1, TARGETS - 1])
@pytest.mark.parametrize("kind", KINDS)
def test_a_class_without_training_images_leaves_all_logits_finite(kind, missing):
    model, given = prompted_model(kind()), images(30)
    records = list(fit(model, without_class(given, missing), given, training(epochs=2)))
    logits_NK = model.eval()(given.images_NHWC)
    assert logits_NK.shape == (30, TARGETS)
    assert bool(logits_NK.isfinite().all())
    assert all(torch.tensor([r.train_loss, r.val_loss]).isfinite().all() for r in records)


@pytest.mark.parametrize("per_target", [1, 2])
def test_a_class_without_images_takes_unused_sources(per_target):
    model = prompted_model(IlmConfig(per_target=per_target))
    refresh_mapping(model, without_class(images(30), 1), epoch=0)
    chosen = model.mapping.source_KM.tolist()
    used_by_others = {*chosen[0], *chosen[2]}
    assert set(chosen[1]) == set(sorted(set(range(SOURCES)) - used_by_others)[:per_target])
