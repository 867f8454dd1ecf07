"""When mappings count, what they count, and what they read."""

import pytest
import torch

from lorvp.datasets.prepared import LabelledImages
from lorvp.errors import InputError
from lorvp.mappings.base import Widths
from lorvp.mappings.linear import FmConfig, LpConfig
from lorvp.mappings.selection import FlmConfig, IdentityConfig, IlmConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.prompts.methods.pad import PadConfig
from lorvp.running import build
from lorvp.training import count_predictions, fit, refresh_mapping

from .test_greedy import literal
from .tiny import FEATURES, SOURCES, TARGETS, images, tiny_network, training, trial

WIDTHS = Widths(source_classes=SOURCES, features=FEATURES, target_classes=TARGETS)


def epochs_counted(config) -> list[int]:
    return [epoch for epoch in range(7) if config.build(WIDTHS).due(epoch)]


@pytest.mark.parametrize(
    ("config", "epochs"),
    [
        (IdentityConfig(), []),
        (FmConfig(), []),
        (LpConfig(), []),
        (FlmConfig(), [0]),
        (IlmConfig(), [0, 1, 2, 3, 4, 5, 6]),
        (IlmConfig(interval=1), [0, 1, 2, 3, 4, 5, 6]),
        (IlmConfig(interval=3), [0, 3, 6]),
    ],
    ids=str,
)
def test_when_counts_are_due(config, epochs):
    assert epochs_counted(config) == epochs


def prompted_model(mapping, seed: int = 0):
    torch.manual_seed(seed)
    return build(trial(PadConfig(width=2), mapping), tiny_network(), TARGET_NAMES)


@pytest.mark.parametrize("number", [1, 5, 255, 256, 257])
def test_counts_are_those_of_a_loop_over_single_images(number):
    model, given = prompted_model(FlmConfig()), images(number)
    expected = torch.zeros(SOURCES, TARGETS, dtype=torch.int64)
    with torch.inference_mode():
        for n in range(number):
            logits_1S = model.eval().source_logits(given.images_NHWC[n : n + 1])
            expected[int(logits_1S.argmax()), int(given.labels_N[n])] += 1
    got = count_predictions(model, given)
    assert torch.equal(got, expected)
    assert int(got.sum()) == number


def test_counts_see_the_prompt():
    """Counting the bare images instead is a fault of published code."""
    model, given = prompted_model(FlmConfig()), images(60)
    bare = build(trial(NoneConfig(), FlmConfig()), tiny_network(), TARGET_NAMES)
    assert not torch.equal(count_predictions(model, given), count_predictions(bare, given))


def test_frequency_takes_the_greedy_choice_from_the_counts():
    model, given = prompted_model(IlmConfig()), images(60)
    refresh_mapping(model, given, epoch=0)
    expected = literal(count_predictions(model, given).tolist())
    assert model.mapping.source_K.tolist() == expected
    assert expected != list(range(TARGETS)), "a case in which counting changes something"


def test_no_refresh_where_none_is_due():
    model, given = prompted_model(FlmConfig()), images(60)
    refresh_mapping(model, given, epoch=1)
    assert model.mapping.source_K.tolist() == list(range(TARGETS))


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
        assert model.mapping.source_K.tolist() == (now if follows else start)


@pytest.mark.parametrize("config", [IdentityConfig(), FlmConfig(), IlmConfig()])
def test_a_selection_picks_columns(config):
    mapping = config.build(WIDTHS)
    mapping.source_K.copy_(torch.tensor([4, 0, 6]))
    outputs_BS = torch.rand(2, SOURCES)
    got = mapping(outputs_BS)
    for b in range(2):
        assert got[b].tolist() == [outputs_BS[b, s].item() for s in (4, 0, 6)]


@pytest.mark.parametrize("config", [IdentityConfig(), FlmConfig(), IlmConfig()])
def test_selections_start_as_the_identity_and_train_nothing(config):
    mapping = config.build(WIDTHS)
    assert mapping.source_K.tolist() == [0, 1, 2]
    assert not list(mapping.parameters())


@pytest.mark.parametrize("kind", [IdentityConfig, FlmConfig, IlmConfig])
def test_too_few_source_classes_are_refused_with_both_numbers(kind):
    with pytest.raises(InputError, match=rf"'{kind().kind}'.* 10 target .* 9.*fm or lp"):
        kind().build(Widths(source_classes=9, features=4, target_classes=10))
    kind().build(Widths(source_classes=10, features=4, target_classes=10))


def test_linear_mappings_do_not_mind_few_source_classes():
    widths = Widths(source_classes=2, features=4, target_classes=10)
    assert FmConfig().build(widths)(torch.rand(1, 2)).shape == (1, 10)
    assert LpConfig().build(widths)(torch.rand(1, 4)).shape == (1, 10)


def test_linear_mappings_read_what_they_are_named_for():
    assert FmConfig().build(WIDTHS).reads == "logits"
    assert LpConfig().build(WIDTHS).reads == "features"
    assert IlmConfig().build(WIDTHS).reads == "logits"


def test_a_class_without_images_takes_an_unused_source():
    given = images(30)
    without = given.labels_N != 1
    fewer = LabelledImages(given.images_NHWC[without], given.labels_N[without])
    model = prompted_model(IlmConfig())
    refresh_mapping(model, fewer, epoch=0)
    chosen = model.mapping.source_K.tolist()
    used_by_others = {chosen[0], chosen[2]}
    assert chosen[1] == min(set(range(SOURCES)) - used_by_others)
