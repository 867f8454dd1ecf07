"""A trial whose mapping reads sentences, from its plan to its record, in a project of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import lorvp
from lorvp.errors import InputError
from lorvp.mappings.attrvr import AttrVrConfig
from lorvp.mappings.prm import PrmConfig
from lorvp.mappings.rvp import RvpConfig
from lorvp.networks import checkpoint
from lorvp.prompts.methods.ilm_vp import IlmVpConfig
from lorvp.trials.finish import ChangedError
from lorvp.trials.store import TrialStore
from tasks import jobs
from tasks.jobs import Job, require_buildable
from tasks.settings import TrackingConfig
from tests.support.jobs import job_of
from tests.support.networks.samples import built, clip
from tests.support.tiny import SENTENCES, dataset, trial
from tests.support.training_alone import train_and_store

BANKS = Path("data/descriptions")


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    # What another test read from folders of the same names.
    jobs.manifest_of.cache_clear()
    jobs._dataset.cache_clear()
    own = clip().facts()
    checkpoint.write(Path("data/checkpoints/tiny"), built(own), own)
    dataset(Path("data/datasets/noise"))
    BANKS.mkdir()
    for kind in ("des", "dist"):
        (BANKS / f"noise_{kind}.json").write_bytes(SENTENCES.read_bytes())
    return tmp_path


def asked(config) -> Job:
    """With the files that its settings name by the dataset."""
    plain = trial(IlmVpConfig(image_size=24), epochs=2)
    return job_of(type(plain).model_validate(plain.model_dump() | {"mapping": config.model_dump()}))


def train(job: Job) -> dict:
    return train_and_store(job, "cpu", TrackingConfig())


@pytest.mark.parametrize("config", [AttrVrConfig(), PrmConfig(), RvpConfig()], ids=str)
def test_it_is_trained_and_loaded_without_its_sentences(project, config):
    job = asked(config)
    require_buildable([job])
    record = train(job)
    assert record["identity"] == job.identity
    assert str(BANKS) not in json.dumps(record)
    for path in BANKS.iterdir():
        path.unlink()
    loaded = lorvp.load(TrialStore(job.store).folder(job.fingerprint), "data/checkpoints")
    assert loaded.class_names == ("class 0", "class 1", "class 2")


def test_other_sentences_are_another_trial(project):
    before = asked(RvpConfig())
    bank = json.loads((BANKS / "noise_des.json").read_text())
    bank["class 1"][0] += ", from the left"
    (BANKS / "noise_des.json").write_text(json.dumps(bank))
    assert asked(RvpConfig()).fingerprint != before.fingerprint
    with pytest.raises(ChangedError, match="settings changed while the run went on"):
        train(before)
    train(asked(RvpConfig()))


def test_what_is_wrong_with_a_file_is_said_before_any_work(project):
    bank = json.loads((BANKS / "noise_des.json").read_text())
    del bank["class 1"]
    (BANKS / "noise_des.json").write_text(json.dumps(bank))
    with pytest.raises(InputError) as caught:
        require_buildable([asked(RvpConfig())])
    said = "noise_des.json has no sentences for 1 of 3 classes: class 1. It has: "
    assert f"descriptions: data/descriptions/{said}" in str(caught.value)
    assert str(caught.value).startswith("params.yaml: grid: ")
    (BANKS / "noise_dist.json").unlink()
    with pytest.raises(InputError, match=r"distinctive: there is no file data/.*noise_dist\.json"):
        require_buildable([asked(AttrVrConfig(descriptive=str(SENTENCES)))])
