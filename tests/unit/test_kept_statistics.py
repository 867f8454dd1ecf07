"""What is kept of predictions between runs: each is read once, and nothing else comes along."""

import json

import polars as pl
import pytest

from tasks import statistics as kept


@pytest.fixture
def trials(tmp_path, monkeypatch):
    """Three finished trials; those that are read are noted."""
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate("abc"):
        folder = kept.PROMPTS / name
        folder.mkdir(parents=True)
        (folder / "trial.json").write_text(json.dumps({"task": {"class_names": ["x", "y"]}}))
        predictions = {
            "label": [0, 1],
            "predicted": [0, number % 2],
            "confidence": 0.5,
            "loss": 1.0,
        }
        pl.DataFrame(predictions).write_parquet(folder / "predictions.parquet")
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
