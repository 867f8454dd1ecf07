"""Pictures of prompts and mappings, of grids that may have none."""

from pathlib import Path

import pytest
import torch
from altair.typing import ChartType

from lorvp.mappings.frequency import IlmConfig
from lorvp.mappings.linear import LpConfig
from lorvp.networks import checkpoint
from lorvp.networks.libraries.timm_models import create
from lorvp.params import TrackingConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.trials import Point
from tasks.gallery import gallery
from tasks.plan import Job
from tasks.training import _network, train_and_store

from .test_train_and_store import FACTS
from .tiny import dataset, trial


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """The pictures, by name, of trials that are trained for it."""

    def draw(*trials) -> dict[str, ChartType]:
        monkeypatch.chdir(tmp_path)
        torch.manual_seed(0)
        checkpoint.write(Path("data/checkpoints/tiny"), create("test_resnet", 5).eval(), FACTS)
        dataset(Path("data/datasets/noise"))
        _network.cache_clear()
        jobs = [
            Job(Point(one, one.method.kind, one.mapping.kind, ""), {"dataset": "d",
                "checkpoint": "c"}, f"{number:020x}", Path("data/prompts"),
                Path("data/datasets/noise"), Path("data/checkpoints/tiny"))
            for number, one in enumerate(trials)
        ]  # fmt: skip
        for job in jobs:
            train_and_store(job, "cpu", TrackingConfig())
        return {name: chart for name, chart, *_ in gallery(jobs)}

    return draw


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
