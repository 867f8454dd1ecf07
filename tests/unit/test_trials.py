"""What belongs to a trial's identity, and its names."""

import re

import pytest

from lorvp.mappings.selection import IlmConfig
from lorvp.optimisation import TrainingConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.trials import Point, Trial, fingerprint, identity

BASE = Trial(dataset="digits", network="net", method=LorVpConfig(), mapping=IlmConfig())


def name_of(trial: Trial, data: str = "data", weights: str = "weights") -> str:
    return fingerprint(identity(trial, data, weights))


def test_a_fingerprint_is_20_hex_digits_and_the_same_every_time():
    assert re.fullmatch(r"[0-9a-f]{20}", name_of(BASE))
    assert name_of(BASE) == name_of(BASE.model_copy())


@pytest.mark.parametrize(
    "change",
    [
        {"method": LorVpConfig(rank=8)},
        {"method": LorVpConfig(std=0.02)},
        {"mapping": IlmConfig(interval=2)},
        {"seed": 1},
        {"training": TrainingConfig(epochs=21)},
        {"training": TrainingConfig(lr_mapping=0.02)},
        {"training": TrainingConfig(test_every_epoch=True)},
    ],
    ids=str,
)
def test_every_setting_counts(change):
    assert name_of(BASE.model_copy(update=change)) != name_of(BASE)


def test_the_bytes_of_data_and_weights_count_and_their_names_do_not():
    assert name_of(BASE, data="other") != name_of(BASE)
    assert name_of(BASE, weights="other") != name_of(BASE)
    assert name_of(BASE, "weights", "data") != name_of(BASE)
    renamed = BASE.model_copy(update={"dataset": "numbers", "network": "other"})
    assert name_of(renamed) == name_of(BASE)


def test_names_say_what_tells_trials_apart_and_leave_out_what_does_not():
    point = Point(BASE, method="lor_vp r=4", mapping="ilm", training="")
    assert point.name == "lor_vp r=4 · ilm · digits · seed 0"
    other = Point(BASE, "lor_vp r=4", "ilm", training="lr=0.1", network="net")
    assert other.name == "lor_vp r=4 · ilm · lr=0.1 · digits · net · seed 0"
