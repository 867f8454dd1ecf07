"""Counts on augmented training images, where a mapping is told so."""

import pytest
import torch

from lorvp.augmentation.settings import Augmentation
from lorvp.mappings.bayesian import BlmConfig, BlmPlusConfig
from lorvp.mappings.frequency import EvpIndexConfig, FlmConfig, IlmConfig
from lorvp.mappings.prm import PrmConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.prompts.methods.pad import PadConfig
from lorvp.prompts.methods.random_patch import RandomPatchConfig
from lorvp.training.lanes import Lanes
from lorvp.training.trainer import Training, fit
from lorvp.trials.run import build
from tests.support.tiny import TARGET_NAMES, TARGETS, images, tiny_network, training, trial

COUNTING = [FlmConfig, IlmConfig, EvpIndexConfig, BlmConfig, BlmPlusConfig, PrmConfig]
STRONG = Augmentation(enlarge=2.0, flip=True)
TRAIN, VAL = images(30, seed=1), images(3, seed=2)


def of(config, method=None, **settings) -> Training:
    asked = trial(method or PadConfig(width=2), config, augmentation=STRONG, **settings)
    torch.manual_seed(4)
    model = build(asked, tiny_network(), TARGET_NAMES)
    return Training(model, TRAIN, VAL, asked.training)


def counted(made: Training) -> torch.Tensor:
    """What the mapping is given before the first epoch."""
    given = []
    made.model.mapping.refresh = lambda counts: given.append(counts.clone())
    Lanes([made])._count()
    return given[0]


def by_hand(made: Training, images_BHWC: torch.Tensor) -> torch.Tensor:
    """How many of these images of each class have each source class as their top logit."""
    with torch.no_grad():
        logits_NS = made.model.eval().outputs(images_BHWC, "logits")
    counts = torch.zeros(logits_NS.shape[1], TARGETS, dtype=torch.int64)
    for s, k in zip(logits_NS.argmax(1).tolist(), TRAIN.labels_N.tolist(), strict=True):
        counts[s, k] += 1
    return counts


@pytest.mark.parametrize("config", [IlmConfig, BlmConfig])
def test_counts_are_of_the_images_as_augmentation_leaves_them(config):
    made, again = of(config(augmented=True)), of(config(augmented=True))
    seen_BHWC = STRONG(TRAIN.images_NHWC, (16, 16), generator=again.random.on_device)
    expected = by_hand(again, seen_BHWC.permute(0, 2, 3, 1))
    assert torch.equal(counted(made), expected)
    plain = counted(of(config()))
    assert torch.equal(plain, by_hand(of(config()), TRAIN.images_NHWC))
    assert not torch.equal(plain, expected), "a case in which it matters"


@pytest.mark.parametrize("augmented", [False, True])
@pytest.mark.parametrize("config", COUNTING)
def test_nothing_else_is_as_in_training(config, augmented):
    """A random patch stays at its place, and BatchNorm where there is one as it is."""
    made = of(config(augmented=augmented), RandomPatchConfig(width=4))
    modes = []
    made.model.prompt.fit.register_forward_pre_hook(
        lambda fit, given: modes.append((fit.training, made.model.prompt.placement.training))
    )
    counted(made)
    assert modes == [(augmented, False)]


def test_evaluation_and_steps_are_as_ever_after_it():
    made = of(IlmConfig(augmented=True), epochs=2, batch_size=30)
    modes = []
    made.model.prompt.fit.register_forward_pre_hook(
        lambda fit, given: modes.append((fit.training, fit.training == made.model.training))
    )
    list(made.epochs())
    counts, step, evaluation = (True, False), (True, True), (False, True)
    assert modes == [counts, step, evaluation] * 2


def test_without_a_prompt_counts_follow_the_augmentation_too():
    asked = trial(NoneConfig(), BlmConfig(augmented=True), augmentation=STRONG)
    torch.manual_seed(0)
    model = build(asked, tiny_network(), TARGET_NAMES)
    assert len(list(fit(model, TRAIN, VAL, training(augmentation=STRONG)))) == 1


@pytest.mark.parametrize("config", COUNTING)
def test_the_same_seed_gives_the_same_counts(config):
    assert torch.equal(*(counted(of(config(augmented=True))) for _ in range(2)))
