"""Damaged trials are removed, and those that cannot be read now are kept."""

import errno
import json
import os
from pathlib import Path

import pytest

from lorvp.errors import InputError
from lorvp.trials.verified import is_whole
from tests.support.stores import FILES, NAME, empty, flip_a_bit, truncate


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
