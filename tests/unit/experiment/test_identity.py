"""What belongs to a trial's identity, and its names."""

import hashlib
import re
from pathlib import Path
from typing import get_args

import pytest

from lorvp.augmentation.settings import Augmentation
from lorvp.experiment.trial import Point, Trial
from lorvp.mappings import MappingConfig
from lorvp.mappings.bayesian import BlmConfig, BlmPlusConfig
from lorvp.mappings.frequency import EvpIndexConfig, FlmConfig, IlmConfig, IlmOnlineConfig
from lorvp.mappings.rvp import RvpConfig
from lorvp.mappings.selection import IdentityConfig, RlmConfig
from lorvp.mappings.text import SemanticConfig, TextConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.recipe import MultistepConfig, NormalisedGradientConfig, TrainingConfig
from lorvp.trials.identity import fingerprint, identity

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
        {"mapping": IlmConfig(per_target=2)},
        {"mapping": IlmOnlineConfig()},
        {"mapping": FlmConfig()},
        {"seed": 1},
        {"training": TrainingConfig(epochs=21)},
        {"training": TrainingConfig(lr_mapping=0.02)},
        {"training": TrainingConfig(test_every_epoch=True)},
        {"training": TrainingConfig(augmentation=Augmentation(flip=True))},
        {"training": TrainingConfig(augmentation=Augmentation(enlarge=1.125))},
        {"training": TrainingConfig(optimizer=NormalisedGradientConfig())},
    ],
    ids=str,
)
def test_every_setting_counts(change):
    assert name_of(BASE.model_copy(update=change)) != name_of(BASE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (BlmConfig(), BlmConfig(smoothing=2.0)),
        (BlmPlusConfig(), BlmPlusConfig(share=0.3)),
        (TextConfig(), TextConfig(template="a {}")),
        (TextConfig(), SemanticConfig()),
        (RlmConfig(), RlmConfig(per_target=2)),
        (RlmConfig(), IdentityConfig()),
        (FlmConfig(), EvpIndexConfig()),
    ],
    ids=str,
)
def test_every_setting_of_a_mapping_counts(one, other):
    names = {name_of(BASE.model_copy(update={"mapping": mapping})) for mapping in (one, other)}
    assert len(names) == 2


@pytest.mark.parametrize("kind", get_args(get_args(MappingConfig)[0]))
def test_a_trial_reads_back_from_what_is_written_of_it(kind):
    training = TrainingConfig(schedule=MultistepConfig(), augmentation=Augmentation(flip=True))
    mapping = kind().of_dataset(BASE.dataset)
    whole = BASE.model_copy(update={"mapping": mapping, "training": training})
    assert Trial.model_validate_json(whole.model_dump_json()) == whole


def test_the_bytes_of_data_and_weights_count_and_their_names_do_not():
    assert name_of(BASE, data="other") != name_of(BASE)
    assert name_of(BASE, weights="other") != name_of(BASE)
    assert name_of(BASE, "weights", "data") != name_of(BASE)
    renamed = BASE.model_copy(update={"dataset": "numbers", "network": "other"})
    assert name_of(renamed) == name_of(BASE)


def reading(path: Path, **settings) -> Trial:
    mapping = RvpConfig(**settings).with_files({"descriptions": path})
    return BASE.model_copy(update={"mapping": mapping})


def test_the_bytes_of_a_mappings_file_count_and_its_path_does_not(tmp_path):
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    one.write_text("{}")
    other.write_text("{}")
    before = name_of(reading(one))
    assert name_of(reading(other)) == before
    assert name_of(reading(one, per_class=5)) != before
    one.write_text("{ }")
    assert name_of(reading(one)) != before
    settings = identity(reading(other), "data", "weights")["settings"]["mapping"]
    assert settings["descriptions"] == hashlib.sha256(b"{}").hexdigest()
    assert settings["per_class"] == 20


def test_the_digest_of_a_file_elsewhere_can_be_told(tmp_path):
    path = tmp_path / "bank.json"
    path.write_text("{}")
    told = identity(reading(path), "data", "weights")
    path.unlink()
    digests = {"descriptions": hashlib.sha256(b"{}").hexdigest()}
    assert identity(reading(path), "data", "weights", digests) == told
    missing = identity(reading(path), "data", "weights")["settings"]["mapping"]
    assert missing["descriptions"] is None


def test_the_dataset_fills_the_paths_that_leave_it_open():
    settings = BASE.model_dump() | {
        "mapping": {"kind": "rvp", "descriptions": "own/{dataset}.json"}
    }
    assert Trial.model_validate(settings).mapping.files == {"descriptions": Path("own/digits.json")}


def test_names_say_what_tells_trials_apart_and_leave_out_what_does_not():
    point = Point(BASE, method="lor_vp r=4", mapping="ilm", training="")
    assert point.name == "lor_vp r=4 · ilm · digits · seed 0"
    other = Point(BASE, "lor_vp r=4", "ilm", training="lr=0.1", network="net")
    assert other.name == "lor_vp r=4 · ilm · lr=0.1 · digits · net · seed 0"
