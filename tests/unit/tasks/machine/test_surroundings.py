"""Folders that cannot be written to, and users without a name; whole runs of such are the
pipeline's tests."""

import getpass
import os
import pwd
import tempfile

import pytest

from lorvp.errors import InputError
from tasks.errors import for_people
from tasks.machine.surroundings import name_the_user, require_places


@pytest.fixture
def nameless(monkeypatch):
    """A user of whom neither the environment nor the system knows a name."""

    def unknown(number):
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setenv("USER", "")
    for name in ("LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)


def test_all_is_well_here():
    require_places()


def test_a_user_without_a_name_gets_one(nameless):
    with pytest.raises((KeyError, OSError)):
        getpass.getuser()
    assert not name_the_user()
    assert getpass.getuser() == f"user{os.getuid()}"
    assert name_the_user()
    require_places()


@pytest.mark.parametrize("name", ["LORVP_STORE", "PREFECT_HOME"])
def test_a_place_that_takes_no_files_is_named(monkeypatch, tmp_path, name):
    (tmp_path / "file").touch()
    monkeypatch.setenv(name, f"{tmp_path}/file/below")
    with pytest.raises(InputError) as told:
        require_places()
    first, *lines = str(told.value).splitlines()
    assert first == f"user {os.getuid()} lacks what a run needs; set"
    assert [line.split()[0] for line in lines] == [name]
    assert f"{tmp_path}/file/below cannot be written to" in lines[0]


def test_a_home_that_nobody_knows_is_named_with_all_that_would_be_in_it(nameless, monkeypatch):
    for name in ("LORVP_STORE", "PREFECT_HOME", "HOME"):
        monkeypatch.delenv(name)
    with pytest.raises(InputError) as told:
        require_places()
    named = [line.split()[0] for line in str(told.value).splitlines()[1:]]
    assert named == ["LORVP_STORE", "PREFECT_HOME", "HOME", "USER"]


def test_no_folder_for_scratch_files(monkeypatch):
    def none():
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp', '/']")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    with pytest.raises(InputError, match=r"TMPDIR .*No usable temporary directory"):
        require_places()


@pytest.mark.parametrize(("folder", "told"), [("data", False), ("/elsewhere", True)])
def test_a_refused_write_outside_of_the_project_says_what_to_set(folder, told, capsys):
    with pytest.raises(SystemExit), for_people():
        raise PermissionError(13, "Permission denied", folder)
    said = capsys.readouterr().err
    assert "Permission denied" in said
    assert ("HF_HOME" in said) is told
