"""Pictures of prompts and mappings, also of grids without any."""

from pathlib import Path

import pytest
import torch
from altair.typing import ChartType

from lorvp.datasets import prepared
from lorvp.experiment.trial import Point, Trial
from lorvp.mappings.frequency import IlmConfig
from lorvp.mappings.linear import LpConfig
from lorvp.networks import checkpoint
from lorvp.networks.libraries.timm_models import create
from lorvp.prompts.methods.none import NoneConfig
from lorvp.results.tables import results
from lorvp.trials.finish import forget_network
from lorvp.trials.identity import fingerprint, identity
from lorvp.trials.verified import read_record
from tasks.jobs import Job
from tasks.settings import TrackingConfig
from tasks.stages.prompt_pictures import gallery
from tests.support.networks.checkpoints import FACTS
from tests.support.tiny import dataset, trial
from tests.support.training_alone import train_and_store

GREY = FACTS.model_copy(update={"mean": [0.5] * 3, "std": [0.25] * 3})
"""Another normalisation, with which the untrained network's answers are of several classes."""


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """Train trials and draw their pictures, by name."""

    def draw(*trials) -> dict[str, ChartType]:
        monkeypatch.chdir(tmp_path)
        torch.manual_seed(0)
        checkpoint.write(Path("data/checkpoints/tiny"), create("test_resnet", 5).eval(), GREY)
        dataset(Path("data/datasets/noise"))
        forget_network()
        jobs = [job_of(one) for one in trials]
        for job in jobs:
            train_and_store(job, "cpu", TrackingConfig())
        records = ((job.point, read_record(job.store / job.fingerprint)) for job in jobs)
        return {name: chart for name, chart, *_ in gallery(jobs, results(records))}

    return draw


def job_of(one: Trial) -> Job:
    """A job as the plan makes it, stored where the pictures are made from."""
    data, network = Path("data/datasets/noise"), Path("data/checkpoints/tiny")
    digests = prepared.read(data).digest, checkpoint.digest(checkpoint.read_manifest(network))
    facts = identity(one, *digests)
    point = Point(one, one.method.kind, one.mapping.kind, "")
    return Job(point, facts, fingerprint(facts), Path("data/prompts"), data, network)


def test_linear_probes_alone_have_only_their_answers(drawn):
    assert drawn(trial(NoneConfig(), LpConfig(), epochs=1)).keys() == {"confusion"}


def test_mappings_without_prompts_have_theirs(drawn):
    assert drawn(trial(NoneConfig(), IlmConfig(), epochs=1)).keys() == {"confusion", "mapping"}


def test_prompts_have_theirs(drawn):
    pair = trial(NoneConfig(), IlmConfig(), epochs=1), trial(epochs=1)
    assert drawn(*pair).keys() >= {"confusion", "mapping", "prompts"}


def test_the_confusion_has_its_marks_in_the_order_of_classes(drawn):
    """So that the file has the same bytes each time."""
    chart = drawn(trial(NoneConfig(), LpConfig(), epochs=1))["confusion"]
    (rows,) = chart.to_dict()["datasets"].values()
    places = [(row["true"], row["predicted"]) for row in rows]  # "class 0" and on
    assert len(places) > 3
    assert places == sorted(places)
