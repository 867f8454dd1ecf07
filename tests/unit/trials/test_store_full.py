"""A store on a disk that is full or takes no files: said once, by name, and nothing is broken."""

import os

import pytest

from lorvp.files.whole import DiskFullError
from lorvp.trials.contents import sealed
from lorvp.trials.store import TrialStore
from tasks.errors import takes_no_files
from tasks.worker import log as trial_logs
from tasks.worker.log import log_file, own_log
from tests.support.mounts import mounted
from tests.support.tiny import identified

NAME, IDENTITY = identified()
PAGE = 4096
NEEDED = 4
"""Pages of a tiny trial: each of its files takes one."""


@pytest.mark.parametrize("pages", range(NEEDED))
def test_a_result_that_finds_no_room_leaves_nothing_and_is_told_by_its_place(
    tmp_path, result, pages
):
    """Whichever of the files it is that does not fit."""
    store = TrialStore(tmp_path / "store")
    with mounted(store.root, f"size={10 * PAGE}"):
        store.lock(NAME).acquire()
        (store.root / "rest").write_bytes(bytes((10 - pages) * PAGE))
        with pytest.raises(DiskFullError, match=f"the disk is full: {store.root}"):
            store.put(NAME, sealed(NAME, result, {"identity": IDENTITY}))
        assert not store.folder(NAME).exists()
        assert list(store.work.iterdir()) == []
        (store.root / "rest").unlink()
        store.put(NAME, sealed(NAME, result, {"identity": IDENTITY}))
        assert store.holds(NAME)


def test_a_store_that_is_read_only_takes_no_files(tmp_path, result):
    store = TrialStore(tmp_path / "store")
    with mounted(store.root, "ro"):
        with pytest.raises(OSError, match=f"Read-only file system: '{store.root}") as told:
            store.lock(NAME)
        assert takes_no_files(told.value)
        assert not store.holds(NAME)
        store.tidy()


def test_a_log_that_finds_no_room_stops_no_training(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(trial_logs, "FOLDER", tmp_path / "logs")
    with mounted(tmp_path / "logs", f"size={PAGE}"):
        with own_log("a") as log:
            log.info("one")
            for _ in range(3):
                log.info("x" * PAGE)
        assert log_file("a").read_text().splitlines()[0].endswith("one")
        assert os.statvfs(tmp_path / "logs").f_bavail == 0
    assert capfd.readouterr().err == ""
