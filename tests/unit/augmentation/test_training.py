"""Augmented trainings side by side, and as steps that are captured: the bits of one alone."""

import pytest
import torch

from lorvp.mappings.linear import FmConfig
from lorvp.prompts.methods.full import FullConfig
from lorvp.training.lanes import Lanes
from lorvp.training.trainer import Training
from lorvp.trials.run import build
from tests.support.tiny import TARGET_NAMES, images, tiny_network, training, trial

NETWORK = tiny_network((16, 16))
ASKED = {
    "window": {"enlarge": 1.5, "centre": True, "flip": True},
    "part": {"crop_scale": 0.2, "flip": True},
    "trivial": {"crop_scale": 0.5, "trivial": True},
}


def trainings(asked: dict, seeds: list[int], joins: bool) -> list[Training]:
    made = []
    for seed in seeds:
        torch.manual_seed(seed)
        wanted = trial(FullConfig(), FmConfig(), augmentation=asked)
        model = build(wanted, NETWORK, TARGET_NAMES)
        model.network.joins = joins
        config = training(epochs=2, batch_size=2, lr=0.01, augmentation=asked)
        made.append(Training(model, images(5, seed=1), images(3, seed=2), config))
    return made


def bits(training: Training) -> list:
    state = [t.numpy().tobytes() for t in training.model.trained_state().values()]
    return [*state, *((e.train_loss, e.val_loss) for e in training.history)]


def trained(together: list[Training], width: int, replays: bool | None = None) -> list[list]:
    lanes = Lanes(together, width, replays)
    while lanes.running:
        assert not [found for found in lanes.epoch().values() if isinstance(found, Exception)]
    return [bits(lane) for lane in together]


@pytest.mark.parametrize("asked", ASKED.values(), ids=list(ASKED))
def test_each_lane_draws_for_itself(asked):
    alone = [trained(trainings(asked, [seed], True), 4)[0] for seed in (3, 4)]
    assert trained(trainings(asked, [3, 4], True), 4) == alone
    assert alone[0] != alone[1]


@pytest.mark.parametrize("asked", ASKED.values(), ids=list(ASKED))
def test_what_is_run_before_a_capture_draws_nothing_from_a_training(asked, elsewhere):
    plain = trained(trainings(asked, [3], False), 1)
    assert trained(trainings(asked, [3], False), 1, replays=True) == plain
    elsewhere()
    assert trained(trainings(asked, [3], False), 1, True) == trained(
        trainings(asked, [3], False), 1
    )
