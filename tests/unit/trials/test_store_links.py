"""The project's own folder of trials: links into the store, and exactly the wanted ones."""

import errno
import os
import shutil
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lorvp.trials.contents import sealed
from lorvp.trials.store import TrialStore
from lorvp.trials.verified import is_whole
from tests.support.tiny import identified

IDENTITIES = dict(map(identified, range(3)))
A, B, C = IDENTITIES


@pytest.fixture
def store(tmp_path, result):
    return filled(TrialStore(tmp_path / "store"), result)


def filled(store: TrialStore, result) -> TrialStore:
    for name in (A, B):
        store.put(name, sealed(name, result, {"name": name, "identity": IDENTITIES[name]}))
    return store


def shown(out: Path) -> set[str]:
    return {path.name for path in out.iterdir()}


def inodes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_ino for path in folder.iterdir()}


def test_shows_exactly_the_wanted_trials(store, tmp_path):
    out, work = tmp_path / "out", tmp_path / "work"
    for wanted in ([A, B], [B], [], [A, B, A]):
        store.show(wanted, out, work)
        assert shown(out) == set(wanted)
        assert all(is_whole(out / name) for name in wanted)
    assert [path.name for path in work.iterdir()] == ["show.lock"]


def test_folders_nobody_asked_for_go(store, tmp_path):
    out = tmp_path / "out"
    (out / C).mkdir(parents=True)
    (out / C / "trial.json").write_text("{}")
    store.show([A], out, tmp_path / "work")
    assert shown(out) == {A}


def test_what_the_user_keeps_there_stays(store, tmp_path):
    """Beside trials and in them: shown ones, damaged ones, and ones that are no longer wanted."""
    out = tmp_path / "out"
    store.show([A, B], out, tmp_path / "work")
    notes = [out / name for name in ("notes.md", "mine/notes.md", f"{A}/notes.md", f"{B}/n/otes")]
    for path in notes:
        path.parent.mkdir(exist_ok=True)
        path.write_text(path.name)
    (out / A / "history.json").unlink()
    store.show([A], out, tmp_path / "work")
    assert is_whole(out / A)
    assert [path.read_text() for path in notes] == [path.name for path in notes]
    assert shown(out / B) == {"n"}
    store.show([B], out, tmp_path / "work")
    assert is_whole(out / B)
    assert not (out / A / "trial.json").exists()
    assert [path.read_text() for path in notes] == [path.name for path in notes]


def test_a_link_to_a_folder_goes_and_what_it_leads_to_stays(store, tmp_path):
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("kept")
    out.mkdir()
    (out / C).symlink_to(elsewhere, target_is_directory=True)
    store.show([A], out, tmp_path / "work")
    assert shown(out) == {A}
    assert (elsewhere / "precious").read_text() == "kept"


def test_a_wanted_trial_without_result_is_not_shown(store, tmp_path):
    store.show([A, C], tmp_path / "out", tmp_path / "work")
    assert shown(tmp_path / "out") == {A}


def test_what_is_shown_is_the_same_files(store, tmp_path):
    store.show([A], tmp_path / "out", tmp_path / "work")
    assert inodes(tmp_path / "out" / A) == inodes(store.folder(A))


def test_a_damaged_copy_is_replaced_by_the_stores(store, tmp_path):
    out = tmp_path / "out"
    store.show([A], out, tmp_path / "work")
    file = out / A / "history.json"
    text = file.read_text()
    file.unlink()  # a new file, so that the store's is not changed with it
    file.write_text(text[:-5])
    store.show([A], out, tmp_path / "work")
    assert (out / A / "history.json").read_text() == text


def test_a_damaged_trial_in_the_store_is_not_shown(store, tmp_path):
    (store.folder(A) / "history.json").write_text("[]")
    store.show([A, B], tmp_path / "out", tmp_path / "work")
    assert shown(tmp_path / "out") == {B}
    assert not store.folder(A).exists()


def test_a_file_changed_in_place_is_noticed_on_both_sides(store, tmp_path):
    """A link shares its bytes with the store; neither is trusted afterwards."""
    store.show([A], tmp_path / "out", tmp_path / "work")
    (tmp_path / "out" / A / "history.json").write_text("[]")
    assert not is_whole(tmp_path / "out" / A)
    assert not store.holds(A)


def test_adopts_a_whole_trial_that_the_store_lacks(store, tmp_path):
    store.show([A], tmp_path / "out", tmp_path / "work")
    other = TrialStore(tmp_path / "other")
    other.adopt(tmp_path / "out" / A)
    assert other.holds(A)
    assert inodes(other.folder(A)) == inodes(tmp_path / "out" / A)


def test_adopts_no_damaged_trial_and_leaves_it_alone(store, tmp_path):
    store.show([A], tmp_path / "out", tmp_path / "work")
    (tmp_path / "out" / A / "weights.safetensors").unlink()
    other = TrialStore(tmp_path / "other")
    other.adopt(tmp_path / "out" / A)
    other.adopt(tmp_path / "out" / "never-there")
    assert not other.folder(A).exists()
    assert (tmp_path / "out" / A).exists()


def test_adopting_does_not_replace_what_the_store_holds(store, tmp_path, result):
    before = inodes(store.folder(A))
    other = filled(TrialStore(tmp_path / "other"), result)
    store.adopt(other.folder(A))
    assert inodes(store.folder(A)) == before


def test_adopts_bytes_where_the_folder_holds_symbolic_links(store, tmp_path):
    """DVC can be set to link its cache; the store must not lose a trial with that cache."""
    cache, out = tmp_path / "cache", tmp_path / "out" / A
    shutil.copytree(store.folder(A), cache)
    out.mkdir(parents=True)
    for file in cache.iterdir():
        (out / file.name).symlink_to(file)
    other = TrialStore(tmp_path / "other")
    other.adopt(out)
    shutil.rmtree(cache)
    assert other.holds(A)


def test_two_runs_that_end_at_once_show_the_same_and_both_end_well(store, tmp_path, result):
    """As a run whose DVC was killed, and the one that was started after it."""
    identities = dict(map(identified, range(8)))
    names = list(identities)
    for name in names:
        store.put(name, sealed(name, result, {"name": name, "identity": identities[name]}))
    out, work = tmp_path / "out", tmp_path / "work"
    for _ in range(5):
        start = threading.Barrier(4)

        def run_that_ends(start=start) -> None:
            start.wait()
            TrialStore(store.root).show(names, out, work)

        with ThreadPoolExecutor(4) as pool:
            for ended in [pool.submit(run_that_ends) for _ in range(4)]:
                ended.result()
        assert shown(out) == set(names)
        assert all(is_whole(out / name) for name in names)
        shutil.rmtree(out)


@pytest.fixture
def other_disk(tmp_path):
    """A folder on another file system, onto which no hard link can lead."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("this machine has no second file system to write to")
    folder = Path(tempfile.mkdtemp(prefix="lorvp-tests-", dir=memory))
    yield folder
    shutil.rmtree(folder)


def test_files_are_copied_where_no_link_can_lead(tmp_path, other_disk, result):
    store = filled(TrialStore(other_disk / "store"), result)
    with pytest.raises(OSError, match="cross-device") as refused:
        os.link(store.folder(A) / "trial.json", tmp_path / "trial.json")
    assert refused.value.errno == errno.EXDEV
    store.show([A], tmp_path / "out", tmp_path / "work")
    assert is_whole(tmp_path / "out" / A)
    assert all(path.stat().st_nlink == 1 for path in (tmp_path / "out" / A).iterdir())
    other = TrialStore(tmp_path / "other")
    other.adopt(store.folder(B))
    assert other.holds(B)


def test_adopting_what_is_not_there_waits_for_nobody(store, tmp_path):
    """Another process may be training that trial, for hours."""
    with store.lock(C):
        waiting = threading.Thread(target=store.adopt, args=(tmp_path / "out" / C,), daemon=True)
        waiting.start()
        waiting.join(timeout=60)
        assert not waiting.is_alive()
