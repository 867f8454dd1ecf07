"""Curves in TensorBoard's files, as its own reader finds them."""

from __future__ import annotations

import logging
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from lorvp.errors import InputError
from lorvp.experiment.trial import Point, Trial
from lorvp.training.epoch import Epoch
from tasks.jobs import Job
from tasks.settings import TrackingConfig
from tasks.tracking import tensorboard
from tasks.tracking.finished import as_epoch
from tasks.tracking.tracker import require, track, track_tables

ON = TrackingConfig(tensorboard=True)
LOG = logging.getLogger("lorvp")


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tensorboard, "FOLDER", tmp_path / "events")


@pytest.fixture
def scalars():
    """What TensorBoard reads of a folder: steps and values by name."""
    package = "tensorboard.backend.event_processing.event_accumulator"
    reader = pytest.importorskip(package, reason="uv sync --extra tensorboard")

    def read(folder: Path) -> dict[str, list[tuple[int, float]]]:
        found = reader.EventAccumulator(str(folder))
        found.Reload()
        names = found.Tags()["scalars"]
        return {name: [(e.step, round(e.value, 4)) for e in found.Scalars(name)] for name in names}

    return read


def job() -> Job:
    trial = Trial.model_validate({
        "dataset": "digits", "network": "net", "method": {"kind": "none"}, "mapping": "ilm",
        "training": {"epochs": 3}, "seed": 0,
    })  # fmt: skip
    return Job(Point(trial, "none", "ilm", ""), {}, "abc123", Path(), Path(), Path())


def epoch(number: int) -> Epoch:
    losses = {"train_loss": 2.0 - number, "val_loss": 3.0}
    shares = {"train_accuracy": 0.25 * number, "val_accuracy": 0.5}
    return Epoch(number, 0.1, **losses, **shares, seconds=1, wall_seconds=1, placement={"on": 0.75})


def test_each_epoch_is_a_point_of_each_curve(scalars):
    with track(job(), ON, LOG) as told:
        for number in range(2):
            told.epoch(epoch(number))
        told.summary({"test_accuracy": 0.75, "diverged": None})
    found = scalars(tensorboard.folder_of(job()))
    assert found["loss/train"] == [(0, 2.0), (1, 1.0)]
    assert found["accuracy/train"] == [(0, 0.0), (1, 0.25)]
    assert found["placement/on"] == [(0, 0.75), (1, 0.75)]
    assert found["summary/test_accuracy"] == [(0, 0.75)]
    assert "summary/diverged" not in found


def test_a_trial_that_goes_on_has_each_epoch_once(scalars):
    with track(job(), ON, LOG) as told:
        told.epoch(epoch(0))
        told.epoch(epoch(1))
    with track(job(), ON, LOG, lambda: [epoch(0)]) as told:  # the second was not kept
        told.epoch(epoch(1))
        told.epoch(epoch(2))
    found = scalars(tensorboard.folder_of(job()))
    assert [step for step, _ in found["lr"]] == [0, 1, 2]


def test_pictures_of_the_grid_are_shown(tmp_path, scalars):
    (tmp_path / "pictures").mkdir()
    Image.new("RGB", (4, 3), (255, 0, 0)).save(tmp_path / "pictures/one.png")
    (tmp_path / "contents.json").write_text('{"pictures/one.png": ""}')
    track_tables(ON, tmp_path, pl.DataFrame(), [])
    assert b"pictures/one.png" in b"".join(
        path.read_bytes() for path in (tensorboard.FOLDER / "tables").iterdir()
    )


def test_without_its_package_nothing_starts(monkeypatch):
    monkeypatch.setattr(tensorboard, "find_spec", lambda name: None)
    require(TrackingConfig())
    with pytest.raises(InputError, match=r"tracking.tensorboard: .*`uv sync --extra tensorboard`"):
        require(ON)


def test_settings_from_before_it_was_there_still_hold():
    old = TrackingConfig.model_validate({"wandb": "disabled", "project": "lorvp"})
    assert old.services == []
    assert [service.NAME for service in ON.services] == ["TensorBoard"]


def test_an_epoch_comes_back_from_its_row():
    from lorvp.trials.result import history_rows

    [row] = history_rows([epoch(1)])
    assert as_epoch(row) == epoch(1)
