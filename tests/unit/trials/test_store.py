"""Finished trials: written whole, known by their bytes, and locked while they are made."""

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import torch
from filelock import Timeout
from safetensors.torch import load_file

from lorvp.errors import InputError
from lorvp.files.whole import canonical, to_json
from lorvp.trials.contents import sealed
from lorvp.trials.run import run
from lorvp.trials.store import TrialStore, default_root
from lorvp.trials.verified import is_whole, read_record
from tests.support.tiny import dataset, identified, tiny_network, trial

NAME, IDENTITY = identified()
FILES = {"trial.json", "weights.safetensors", "history.json", "predictions.parquet"}


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    data = dataset(tmp_path_factory.mktemp("data") / "noise")
    return run(trial(), tiny_network(), data)


@pytest.fixture
def store(tmp_path, result):
    store = TrialStore(tmp_path / "store")
    store.put(NAME, sealed(NAME, result, {"name": "a trial", "identity": IDENTITY}))
    return store


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


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_a_bit(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("file", sorted(FILES - {"trial.json"}))
@pytest.mark.parametrize("damage", [truncate, flip_a_bit, empty, lambda path: path.unlink()])
def test_a_damaged_file_is_noticed_and_the_trial_removed(store, file, damage):
    damage(store.folder(NAME) / file)
    assert not is_whole(store.folder(NAME))
    assert not store.holds(NAME)
    assert not store.folder(NAME).exists()


@pytest.mark.parametrize("damage", [truncate, empty, lambda path: path.unlink()])
def test_a_trial_without_its_record_is_removed(store, damage):
    damage(store.folder(NAME) / "trial.json")
    assert not store.holds(NAME)
    assert not store.folder(NAME).exists()


@pytest.mark.parametrize("text", ["[]", "null", "3", '"x"', '{"files": []}', '{"files": null}'])
def test_a_record_of_another_shape_is_foreign_and_no_crash(store, text):
    (store.folder(NAME) / "trial.json").write_text(text)
    assert not store.holds(NAME)


def test_a_record_that_names_no_files_is_not_a_finished_trial(store):
    (store.folder(NAME) / "trial.json").write_text('{"files": {}, "summary": {}}')
    assert not store.holds(NAME)


def test_a_changed_accuracy_in_the_record_is_noticed(store):
    path = store.folder(NAME) / "trial.json"
    record = json.loads(path.read_text())
    record["summary"]["test_accuracy"] = 0.999
    path.write_text(json.dumps(record))
    assert not store.holds(NAME)


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


def test_a_state_goes_where_the_trial_is_finished_and_nowhere_else(store):
    """As after a kill between the last file of a trial and the end of its state."""
    store.resume(NAME).save({"epoch": 1})
    store.resume("f" * 20).save({"epoch": 2})
    store.tidy()
    assert store.resume(NAME).load() is None
    assert store.resume("f" * 20).load() == {"epoch": 2}
    assert store.holds(NAME)


@pytest.mark.parametrize(("days", "kept"), [(59, True), (61, False)])
def test_a_state_that_nobody_goes_on_with_goes_after_two_months(store, days, kept):
    resume = store.resume("f" * 20)
    resume.save({"epoch": 2})
    then = time.time() - days * 86_400
    os.utime(resume.path, (then, then))
    store.tidy()
    assert resume.path.exists() == kept


def test_a_store_that_is_not_there_has_nothing_to_tidy(tmp_path):
    TrialStore(tmp_path / "none").tidy()
    assert not (tmp_path / "none").exists()


def test_a_trial_that_is_damaged_goes_on_from_its_state(store):
    flip_a_bit(store.folder(NAME) / "weights.safetensors")
    store.resume(NAME).save({"epoch": 1})
    store.tidy()
    assert store.resume(NAME).load() == {"epoch": 1}


def test_the_root_is_the_users_choice_or_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("LORVP_STORE", str(tmp_path))
    assert default_root() == tmp_path
    monkeypatch.delenv("LORVP_STORE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_root() == tmp_path / "lorvp" / "trials"


def rewritten(folder, **changed) -> None:
    """With a checksum of its own, as anybody can compute it."""
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


class Faulty:
    """A file of a disk that cannot be read now: it opens, and then says so."""

    def __init__(self, code: int) -> None:
        self.code = code

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None: ...

    def _fail(self, *_):
        raise OSError(self.code, os.strerror(self.code))

    read = readinto = fileno = getbuffer = _fail


@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE, errno.EACCES, errno.ENOMEM])
@pytest.mark.parametrize("file", sorted(FILES))
@pytest.mark.parametrize("opens", [True, False])
def test_a_trial_that_cannot_be_read_now_is_kept_and_said(store, monkeypatch, file, code, opens):
    os.utime(store.folder(NAME) / file, (1, 1))  # so that nothing remembers its bytes
    before = {path.name: path.read_bytes() for path in store.folder(NAME).iterdir()}
    original = Path.open

    def open_(self, *args, **settings):
        if self.name != file:
            return original(self, *args, **settings)
        if opens:
            return Faulty(code)
        raise OSError(code, os.strerror(code), str(self))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", open_)
        for look in (store.holds, lambda name: is_whole(store.folder(name))):
            with pytest.raises(InputError, match=f"cannot be read: {os.strerror(code)}; .* kept"):
                look(NAME)
    assert {path.name: path.read_bytes() for path in store.folder(NAME).iterdir()} == before
    assert store.holds(NAME)
