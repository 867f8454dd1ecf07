"""Bayesian label mappings against their formulas, with loops over samples and classes."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lorvp.datasets.labelled_images import LabelledImages
from lorvp.mappings.bayesian import BlmConfig, BlmPlusConfig
from lorvp.prompts.methods.pad import PadConfig
from lorvp.training.trainer import fit
from lorvp.trials.run import build
from tests.support.counting import count_predictions, refresh_mapping
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

BOTH = [BlmConfig, BlmPlusConfig]


def weights(frequency_SK: list[list[float]], smoothing: float) -> list[list[float]]:
    """Shares of each source's row, then of each target's column; 1 / S in an empty column."""
    share = [[f / (sum(row) + smoothing) for f in row] for row in frequency_SK]
    totals = [sum(column) for column in zip(*share, strict=True)]
    even = 1 / len(share)
    return [[w / t if t > 0 else even for w, t in zip(row, totals, strict=True)] for row in share]


tables = st.tuples(st.integers(2, 6), st.integers(2, 7)).flatmap(
    lambda size: st.lists(
        st.lists(st.integers(0, 4), min_size=size[0], max_size=size[0]),
        min_size=size[1],
        max_size=size[1],
    )
)


@pytest.mark.parametrize("smoothing", [1.0, 0.25, 10.0])
@given(frequency_SK=tables)
def test_weights_are_those_of_the_formula(smoothing, frequency_SK):
    for kind in BOTH:
        given_ends = ends(sources=len(frequency_SK), targets=len(frequency_SK[0]))
        mapping = kind(smoothing=smoothing).build(given_ends).double()
        mapping.refresh(torch.tensor(frequency_SK))
        expected = torch.tensor(weights(frequency_SK, smoothing), dtype=torch.float64)
        torch.testing.assert_close(mapping.weight_SK, expected, rtol=1e-14, atol=1e-16)
        for total in mapping.weight_SK.sum(0).tolist():
            assert total == pytest.approx(1, abs=1e-14)


def test_weights_by_hand(float64):
    # Rows 3 + 1 + 1 and 0 + 2 + 1: shares 3/5, 1/5 and 0, 2/3; columns add up to 3/5 and 13/15.
    mapping = BlmConfig().build(ends(sources=2, targets=2))
    mapping.refresh(torch.tensor([[3, 1], [0, 2]]))
    assert mapping.weight_SK.flatten().tolist() == pytest.approx([1, 3 / 13, 0, 10 / 13])


def test_the_published_smoothing_is_1():
    assert BlmConfig().smoothing == BlmPlusConfig().smoothing == 1


@pytest.mark.parametrize("kind", BOTH)
def test_outputs_are_raw_logits_times_the_weights(float64, kind):
    torch.manual_seed(0)
    mapping = kind().build(ends())
    mapping.refresh(torch.randint(0, 5, (SOURCES, TARGETS)))
    logits_BS = torch.randn(4, SOURCES) * 5
    got = mapping(logits_BS)
    for b in range(4):
        for k in range(TARGETS):
            expected = sum(
                float(logits_BS[b, s]) * float(mapping.weight_SK[s, k]) for s in range(SOURCES)
            )
            assert float(got[b, k]) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind", BOTH)
def test_a_class_without_images_has_the_mean_logit(float64, kind):
    mapping = kind().build(ends())
    counts_SK = torch.ones(SOURCES, TARGETS)
    counts_SK[:, 1] = 0
    mapping.refresh(counts_SK)
    logits_BS = torch.randn(4, SOURCES)
    expected = [sum(row) / SOURCES for row in logits_BS.tolist()]
    assert mapping(logits_BS)[:, 1].tolist() == pytest.approx(expected)


@pytest.mark.parametrize("kind", BOTH)
def test_before_any_count_every_class_has_the_mean_logit(kind):
    logits_BS = torch.randn(4, SOURCES)
    got = kind().build(ends())(logits_BS)
    torch.testing.assert_close(got, logits_BS.mean(1, keepdim=True).expand(4, TARGETS))


@pytest.mark.parametrize(
    ("targets", "top"),
    [(2, 1), (6, 1), (7, 1), (13, 1), (14, 2), (20, 3), (47, 7), (100, 15), (102, 15), (397, 59)],
)
def test_top_k_is_15_percent_of_the_classes_and_at_least_1(targets, top):
    mapping = BlmPlusConfig().build(ends(sources=400, targets=targets))
    counted_SK = mapping.count(torch.randn(1, 400), torch.tensor([0]))
    assert int((counted_SK > 0).sum()) == top


def test_top_k_is_at_most_all_sources():
    mapping = BlmPlusConfig().build(ends(sources=4, targets=100))
    counted_SK = mapping.count(torch.randn(1, 4), torch.tensor([9]))
    assert float(counted_SK[:, 9].sum()) == pytest.approx(1)


def soft_counts(logits: list[list[float]], labels: list[int], top: int, targets: int):
    """Sums of each image's ``top`` largest probabilities, one image after the other."""
    sums = [[0.0] * targets for _ in logits[0]]
    for row, label in zip(logits, labels, strict=True):
        total = sum(math.exp(z) for z in row)
        chances = [math.exp(z) / total for z in row]
        for s in sorted(range(len(row)), key=lambda s: -chances[s])[:top]:
            sums[s][label] += chances[s]
    return torch.tensor(sums)


@pytest.mark.parametrize(("share", "top"), [(0.15, 1), (0.7, 2), (1.0, 3)])
def test_blm_plus_counts_probabilities_of_each_images_top_k(float64, share, top):
    torch.manual_seed(0)
    logits_BS, labels_B = torch.randn(50, SOURCES) * 2, torch.randint(0, TARGETS, (50,))
    mapping = BlmPlusConfig(share=share).build(ends())
    expected = soft_counts(logits_BS.tolist(), labels_B.tolist(), top, TARGETS)
    torch.testing.assert_close(mapping.count(logits_BS, labels_B), expected)


def test_blm_counts_top_predictions(float64):
    torch.manual_seed(0)
    logits_BS, labels_B = torch.randn(50, SOURCES), torch.randint(0, TARGETS, (50,))
    expected = [[0] * TARGETS for _ in range(SOURCES)]
    for row, label in zip(logits_BS.tolist(), labels_B.tolist(), strict=True):
        expected[row.index(max(row))][label] += 1
    assert BlmConfig().build(ends()).count(logits_BS, labels_B).tolist() == expected


def prompted_model(mapping):
    torch.manual_seed(0)
    return build(trial(PadConfig(width=2), mapping), tiny_network(), TARGET_NAMES)


def counted_at_once(model, given: LabelledImages, kind) -> list[list[float]]:
    with torch.no_grad():
        logits_NS = model.eval().outputs(given.images_NHWC, "logits").double()
    if kind is BlmPlusConfig:
        labels = given.labels_N.tolist()
        return soft_counts(logits_NS.tolist(), labels, 1, TARGETS).double().tolist()
    expected = [[0.0] * TARGETS for _ in range(SOURCES)]
    for row, label in zip(logits_NS.tolist(), given.labels_N.tolist(), strict=True):
        expected[row.index(max(row))][label] += 1
    return expected


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("number", [5, 256, 300, 513])
def test_counts_of_batches_add_up_to_one_pass_over_all_images(kind, number):
    model, given_images = prompted_model(kind()), images(number)
    got = count_predictions(model, given_images).tolist()
    for row, expected in zip(got, counted_at_once(model, given_images, kind), strict=True):
        assert row == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", BOTH)
def test_weights_are_taken_from_the_prompted_images(kind):
    model, given_images = prompted_model(kind()), images(60)
    refresh_mapping(model, given_images, 0)
    expected = torch.tensor(weights(counted_at_once(model, given_images, kind), 1.0))
    torch.testing.assert_close(model.mapping.weight_SK, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("kind", BOTH)
def test_weights_follow_the_prompt_before_every_epoch(kind):
    model, given_images = prompted_model(kind()), images(30)
    run = fit(model, given_images, images(3), training(epochs=3, lr=0.5))
    next(run)
    first = model.mapping.weight_SK.clone()
    expected = torch.tensor(weights(counted_at_once(model, given_images, kind), 1.0))
    next(run)
    torch.testing.assert_close(model.mapping.weight_SK, expected, rtol=1e-5, atol=1e-7)
    assert not torch.equal(first, model.mapping.weight_SK), "a case in which something changes"


@pytest.mark.parametrize("kind", BOTH)
def test_the_weights_are_part_of_what_is_saved(kind):
    model, given_images = prompted_model(kind()), images(30)
    refresh_mapping(model, given_images, 0)
    again = prompted_model(kind())
    again.load_trained_state(model.trained_state())
    shown = given_images.images_NHWC
    assert torch.equal(again.eval()(shown), model.eval()(shown))
