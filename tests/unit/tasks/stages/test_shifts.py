"""Predictions on images from elsewhere: kept as long as they are whole and of this very trial."""

import json
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from lorvp.errors import InputError
from lorvp.experiment.trial import Point
from tasks.jobs import Job
from tasks.settings import ComputeConfig
from tasks.stages import shifts
from tests.support.tiny import dataset, trial

NAMES = ["a" * 20, "b" * 20]
EXPERIMENT = SimpleNamespace(params=SimpleNamespace(compute=ComputeConfig(device="cpu")))


def trained(name: str, how: str) -> None:
    (shifts.PROMPTS / name).mkdir(parents=True, exist_ok=True)
    (shifts.PROMPTS / name / "trial.json").write_text(json.dumps({"sha256": how}))


@pytest.fixture
def tested(tmp_path, monkeypatch) -> list[str]:
    """Two trials and a test set for them; those that are tested are noted."""
    monkeypatch.chdir(tmp_path)
    folder = dataset(shifts.DATASETS / "drawings").folder
    jobs = []
    for name in NAMES:
        trained(name, "first")
        point = Point(trial(), "lor_vp", "lp", "")
        jobs.append(Job(point, {}, name, Path(), folder, Path()))
    tested = []

    def measured(trial, prompt, *rest) -> pl.DataFrame:
        tested.append(prompt.name)
        return pl.DataFrame({"label": [0, 1, 2, 1], "predicted": [0, 1, 2, 0]})

    monkeypatch.setattr(shifts.distribution_shift, "measured", measured)
    monkeypatch.setattr(
        shifts, "wanted", lambda *_: (shifts.Shift(job, "drawings") for job in jobs)
    )
    monkeypatch.setattr(shifts, "final_jobs", lambda *_: [])
    monkeypatch.setattr(shifts, "require_results", lambda _: None)
    shifts.measure_shifts(EXPERIMENT)
    assert tested == NAMES
    tested.clear()
    return tested


def accuracies() -> list[float]:
    return shifts.shift_accuracies(EXPERIMENT, [])["accuracy"].to_list()


def files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in shifts.SHIFTS.iterdir()}


def test_what_was_tested_is_tested_once(tested):
    before = files()
    shifts.measure_shifts(EXPERIMENT)
    assert tested == []
    assert files() == before
    assert accuracies() == [0.75, 0.75]


def test_the_record_of_each_trial_is_read_once(tested, monkeypatch):
    read = []
    original = shifts.read_record
    monkeypatch.setattr(shifts, "read_record", lambda p: read.append(p.name) or original(p))
    for path in shifts.SHIFTS.glob("*.parquet"):
        path.unlink()
    shifts.measure_shifts(EXPERIMENT)
    assert (read, tested) == (NAMES, NAMES)


def test_a_file_with_another_bit_is_told_of_and_made_again(tested):
    before = files()
    path = next(shifts.SHIFTS.glob(f"{NAMES[1]}-*.parquet"))
    for place in range(0, path.stat().st_size, 40):
        content = bytearray(before[path.name])
        content[place] ^= 1
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"no current result on drawings .*flows\.shifts"):
            accuracies()
        shifts.measure_shifts(EXPERIMENT)
        assert files() == before
    assert set(tested) == {NAMES[1]}


def test_a_trial_that_was_trained_again_is_tested_again(tested):
    """By `--again` it keeps its name."""
    trained(NAMES[0], "second")
    with pytest.raises(InputError, match="no current result"):
        accuracies()
    shifts.measure_shifts(EXPERIMENT)
    assert tested == [NAMES[0]]
    assert len(list(shifts.SHIFTS.glob("*.parquet"))) == 2
    index = json.loads((shifts.SHIFTS / "index.json").read_text())
    assert all((shifts.SHIFTS / row["file"]).exists() for row in index)
