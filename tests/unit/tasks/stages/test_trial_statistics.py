"""What is kept of predictions between runs: each is read once, and nothing else comes along."""

import json
from pathlib import Path

import polars as pl
import pytest

from tasks.stages import trial_statistics as kept


def finish(folder: Path, predicted: list[int]) -> None:
    """A trial with these answers to two images of two classes."""
    record = {"task": {"class_names": ["x", "y"]}, "sha256": f"of {predicted}"}
    (folder / "trial.json").write_text(json.dumps(record))
    predictions = {"label": [0, 1], "predicted": predicted, "confidence": 0.5, "loss": 1.0}
    pl.DataFrame(predictions).write_parquet(folder / "predictions.parquet")


@pytest.fixture
def trials(tmp_path, monkeypatch):
    """Three finished trials; those that are read are noted."""
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate("abc"):
        folder = kept.PROMPTS / name
        folder.mkdir(parents=True)
        finish(folder, [0, number % 2])
    seen = []
    original = kept._row
    monkeypatch.setattr(kept, "_row", lambda trial: seen.append(trial) or original(trial))
    return seen


def test_each_trial_is_read_once(trials):
    first = kept.statistics_of(["b", "a"])
    assert sorted(trials) == ["a", "b"]
    again = kept.statistics_of(["a", "b"])
    assert again.sort("trial").equals(first.sort("trial"))
    more = kept.statistics_of(["c", "a"])
    assert sorted(trials) == ["a", "b", "c"]
    assert sorted(more["trial"]) == ["a", "c"]
    assert {row["trial"]: row["class_right"] for row in more.to_dicts()} == {
        "a": [1, 0],
        "c": [1, 0],
    }


def test_other_code_reads_them_again(trials, monkeypatch):
    kept.statistics_of(["a"])
    monkeypatch.setattr(kept, "digest_of", lambda modules: "other")
    kept.statistics_of(["a"])
    assert trials == ["a", "a"]


def test_a_few_at_a_time(trials, monkeypatch):
    monkeypatch.setattr(kept, "TOGETHER", 2)
    assert sorted(kept.statistics_of("abc")["trial"]) == ["a", "b", "c"]


def test_a_trial_that_was_trained_again_is_read_again(trials):
    """By `--again` it keeps its name."""
    assert kept.statistics_of("ab")["class_right"].to_list() == [[1, 0], [1, 1]]
    finish(kept.PROMPTS / "a", [1, 1])
    assert kept.statistics_of("ab").sort("trial")["class_right"].to_list() == [[0, 1], [1, 1]]
    assert trials == ["a", "b", "a"]


def test_what_is_kept_and_damaged_is_made_again(trials):
    """Wherever a bit is another, also where polars would read on."""
    first = kept.statistics_of("abc").sort("trial")
    for place in (0.1, 0.5, 0.9):
        [path] = kept.WORK.glob("statistics-*")
        content = bytearray(path.read_bytes())
        content[int(place * len(content))] ^= 4
        path.write_bytes(content)
        trials.clear()
        assert kept.statistics_of("abc").sort("trial").equals(first)
        assert trials == ["a", "b", "c"]
    assert len(list(kept.WORK.glob("statistics-*"))) == 1
