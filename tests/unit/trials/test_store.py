"""Finished trials: written whole, known by their bytes, and locked while they are made."""

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import replace

import polars as pl
import pytest
import torch
from filelock import Timeout
from safetensors.torch import load_file

from lorvp.files.whole import canonical, to_json
from lorvp.trials.contents import sealed
from lorvp.trials.store import TrialStore, default_root
from lorvp.trials.verified import is_whole, read_record
from tests.support.stores import FILES, IDENTITY, NAME


def test_what_is_written_is_what_was_measured(store, result):
    folder = store.folder(NAME)
    assert {path.name for path in folder.iterdir()} == FILES
    weights = load_file(folder / "weights.safetensors")
    assert weights.keys() == result.state.keys()
    assert all(torch.equal(weights[key], result.state[key]) for key in weights)
    record = read_record(folder)
    assert record["summary"] == result.summary
    assert record["fingerprint"] == NAME
    assert (record["name"], record["identity"]) == ("a trial", IDENTITY)
    assert pl.read_parquet(folder / "predictions.parquet").equals(result.predictions())
    history = json.loads((folder / "history.json").read_text())
    assert [row["val_loss"] for row in history] == [epoch.val_loss for epoch in result.history]


def test_a_written_trial_is_held_and_no_other(store):
    assert store.holds(NAME)
    assert is_whole(store.folder(NAME))
    assert not store.holds("f" * 20)


def test_a_trial_under_another_trials_name_is_not_that_trial(store, tmp_path):
    other = tmp_path / "pulled" / ("f" * 20)
    other.parent.mkdir()
    store.folder(NAME).rename(other)
    store.adopt(other)
    assert not store.holds(other.name)


def test_a_result_that_cannot_be_written_leaves_nothing(tmp_path, result):
    store = TrialStore(tmp_path / "store")
    broken = replace(result, summary={"test_accuracy": float("nan")})
    with pytest.raises(ValueError, match="JSON"):
        store.put(NAME, sealed(NAME, broken, {}))
    assert not store.root.exists()


def test_writing_again_replaces(store, result):
    store.put(NAME, sealed(NAME, result, {"name": "again", "identity": IDENTITY}))
    assert read_record(store.folder(NAME))["name"] == "again"
    assert store.holds(NAME)


HOLDER = """
import signal, sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    signal.pause()
"""


def test_a_second_process_waits_until_the_first_is_through_or_dead(store):
    lock = store.lock(NAME)
    command = [sys.executable, "-c", HOLDER, str(lock.lock_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Timeout):
            lock.acquire(timeout=0.2)
        with store.lock("f" * 20).acquire(blocking=False):
            pass  # another trial is free
        holder.kill()
        with lock.acquire(timeout=60):
            assert lock.is_locked


def test_the_root_is_the_users_choice_or_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("LORVP_STORE", str(tmp_path))
    assert default_root() == tmp_path
    monkeypatch.delenv("LORVP_STORE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_root() == tmp_path / "lorvp" / "trials"


def rewritten(folder, **changed) -> None:
    """Change a record, and compute its checksum anew."""
    record = json.loads((folder / "trial.json").read_text()) | changed
    del record["sha256"]
    record["sha256"] = hashlib.sha256(canonical(record)).hexdigest()
    (folder / "trial.json").write_text(to_json(record))


@pytest.mark.parametrize("identity", [{"format": 1, "number": 7}, {}, [], "0" * 20, None, 3])
def test_a_trial_of_another_identity_is_not_adopted_under_a_name_that_it_gives_itself(
    store, tmp_path, identity
):
    forged = tmp_path / "pulled" / NAME
    shutil.copytree(store.folder(NAME), forged)
    other = TrialStore(tmp_path / "other")
    rewritten(forged, identity=identity)
    other.adopt(forged)
    assert not other.folder(NAME).exists()
    rewritten(forged, identity=IDENTITY)
    other.adopt(forged)
    assert other.holds(NAME)
