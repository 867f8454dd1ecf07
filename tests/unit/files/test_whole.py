"""Files and folders appear whole or not at all, whatever ends the process that writes them."""

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from lorvp.files.whole import whole_folder, write_whole


def contents(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def killed(script: str, *args: Path) -> None:
    """Run ``script`` in a process of its own, which has to end by SIGKILL."""
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom lorvp.files import whole as files\n"
    )
    code += "die = lambda: os.kill(os.getpid(), signal.SIGKILL)\n" + textwrap.dedent(script)
    command = [sys.executable, "-c", code, *map(str, args)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


KILLED_IN_MID_WRITE = """
    target, work = Path(sys.argv[1]), Path(sys.argv[2])
    with files.whole_folder(target, work=work) as scratch:
        (scratch / "first").write_text("new")
        die()
"""


def test_the_folder_appears_with_all_that_was_written(tmp_path):
    with whole_folder(tmp_path / "deep" / "target") as scratch:
        (scratch / "a").write_text("1")
        (scratch / "sub").mkdir()
        (scratch / "sub" / "b").write_text("2")
        assert not (tmp_path / "deep" / "target").exists()
    assert contents(tmp_path) == {"deep/target/a": "1", "deep/target/sub/b": "2"}
    assert (tmp_path / "deep" / "target").stat().st_mode & 0o777 == 0o755


def test_an_older_folder_is_replaced_and_not_mixed_with_the_new(tmp_path):
    for name in ("old", "new"):
        with whole_folder(tmp_path / "target", work=tmp_path / "work") as scratch:
            (scratch / name).write_text(name)
    assert contents(tmp_path) == {"target/new": "new"}


def fail_in_mid_write(target: Path, error: type[BaseException]) -> None:
    with whole_folder(target) as scratch:
        (scratch / "new").write_text("new")
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_leaves_nothing_behind(tmp_path, error):
    with pytest.raises(error):
        fail_in_mid_write(tmp_path / "target", error)
    assert list(tmp_path.iterdir()) == []


def test_an_error_leaves_the_older_folder_as_it_was(tmp_path):
    with whole_folder(tmp_path / "target") as scratch:
        (scratch / "old").write_text("old")
    with pytest.raises(KeyError):
        fail_in_mid_write(tmp_path / "target", KeyError)
    assert contents(tmp_path) == {"target/old": "old"}


def test_sigkill_in_mid_write_leaves_nothing_under_the_name(tmp_path):
    killed(KILLED_IN_MID_WRITE, tmp_path / "out" / "target", tmp_path / "work")
    assert list((tmp_path / "out").iterdir()) == []


def test_sigkill_in_mid_write_leaves_the_older_folder_as_it_was(tmp_path):
    with whole_folder(tmp_path / "target") as scratch:
        (scratch / "old").write_text("old")
    killed(KILLED_IN_MID_WRITE, tmp_path / "target", tmp_path / "work")
    assert contents(tmp_path / "target") == {"old": "old"}


def test_what_a_killed_process_left_goes_with_the_next_write(tmp_path):
    target, work = tmp_path / "out" / "target", tmp_path / "work"
    (work / ".targets-neighbour").mkdir(parents=True)
    killed(KILLED_IN_MID_WRITE, target, work)
    assert len(list(work.iterdir())) == 2
    with whole_folder(target, work=work) as scratch:
        (scratch / "new").write_text("new")
    assert [path.name for path in work.iterdir()] == [".targets-neighbour"]


def test_sigkill_in_mid_replacement_leaves_the_older_folder_or_none(tmp_path):
    """Killed right after the first file of the older folder is deleted."""
    old = {"a": "old", "b": "old"}
    with whole_folder(tmp_path / "target") as scratch:
        for name, text in old.items():
            (scratch / name).write_text(text)
    killed(
        """
        unlink = os.unlink
        os.unlink = lambda *args, **kwargs: (unlink(*args, **kwargs), die())
        with files.whole_folder(Path(sys.argv[1])) as scratch:
            (scratch / "a").write_text("new")
        """,
        tmp_path / "target",
    )
    found = contents(tmp_path / "target") if (tmp_path / "target").exists() else {}
    assert found in (old, {"a": "new"}, {})


@pytest.mark.parametrize("renames", [1, 2])
def test_sigkill_between_the_renames_leaves_nothing_half_and_nothing_for_long(tmp_path, renames):
    with whole_folder(tmp_path / "target") as scratch:
        (scratch / "old").write_text("old")
    killed(
        f"""
        rename, done = os.rename, []
        def counted(*args):
            rename(*args)
            done.append(args)
            if len(done) == {renames}:
                die()
        os.rename = counted
        with files.whole_folder(Path(sys.argv[1])) as scratch:
            (scratch / "new").write_text("new")
        """,
        tmp_path / "target",
    )
    found = contents(tmp_path / "target") if (tmp_path / "target").exists() else {}
    assert found in ({"old": "old"}, {"new": "new"}, {})
    with whole_folder(tmp_path / "target") as scratch:
        (scratch / "next").write_text("next")
    assert contents(tmp_path) == {"target/next": "next"}


@pytest.mark.parametrize("renames", [0, 1, 2])
def test_what_a_user_keeps_in_a_folder_goes_along_whenever_it_is_killed(tmp_path, renames):
    """Before, between and after the renames."""
    target = tmp_path / "target"
    (target / "mine").mkdir(parents=True)
    theirs = {"notes": "n", "mine/notes": "m", "link": "n"}
    (target / "notes").write_text("n")
    (target / "mine/notes").write_text("m")
    (target / "link").symlink_to("notes")
    (target / "ours").write_text("old")
    killed(
        f"""
        rename, done = os.rename, []
        def counted(*args):
            if len(done) == {renames}:
                die()
            rename(*args)
            done.append(args)
        os.rename = counted
        with files.whole_folder(Path(sys.argv[1]), keep_others=True) as scratch:
            (scratch / "ours").write_text("new")
        die()
        """,
        target,
    )
    with whole_folder(target, keep_others=True) as scratch:
        (scratch / "ours").write_text("next")
    assert contents(target) == theirs | {"ours": "next"}
    assert (target / "link").is_symlink()
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_is_written_with_its_folders_and_plain_permissions(tmp_path):
    path = tmp_path / "deep" / "file.txt"
    for content, expected in (("one", b"one"), (b"\x00\xff", b"\x00\xff"), ("ü", "ü".encode())):
        write_whole(path, content)
        assert path.read_bytes() == expected
    assert path.stat().st_mode & 0o777 == 0o644
    assert [p.name for p in path.parent.iterdir()] == ["file.txt"]


def test_a_file_that_cannot_take_its_name_leaves_nothing_behind(tmp_path):
    (tmp_path / "file.txt").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_whole(tmp_path / "file.txt", "text")
    assert [p.name for p in tmp_path.iterdir()] == ["file.txt"]


def test_sigkill_before_the_rename_leaves_the_older_file(tmp_path):
    path = tmp_path / "file.txt"
    write_whole(path, "old")
    killed(
        """
        os.replace = lambda *args: die()
        files.write_whole(Path(sys.argv[1]), "new")
        """,
        path,
    )
    assert path.read_text() == "old"


def test_readers_of_an_open_file_keep_the_old_bytes(tmp_path):
    path = tmp_path / "file.txt"
    write_whole(path, "old")
    with path.open() as reader:
        write_whole(path, "new")
        assert reader.read() == "old"
    assert path.read_text() == "new"
