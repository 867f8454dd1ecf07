"""Folders of data on a share: what is damaged, half there or there already."""

from __future__ import annotations

from pathlib import Path

import pytest

from lorvp.errors import InputError
from tasks.runners.share import CHECKPOINT_KIND, DATASET_KIND, DamagedError, Kind, Share
from tests.support.stores import files

KINDS = [(DATASET_KIND, "data"), (CHECKPOINT_KIND, "net")]
KIND = pytest.mark.parametrize(("kind", "name"), KINDS, ids=["dataset", "checkpoint"])


@KIND
def test_a_folder_arrives_as_it_was(
    share: Share, made: Path, tmp_path: Path, kind: Kind, name: str
):
    digest = kind.digest(made / name)
    share.put_folder(kind, digest, made / name)
    got = share.get_folder(kind, digest, tmp_path)
    assert files(got) == files(made / name)
    assert got.name == digest


@KIND
def test_what_is_damaged_in_the_share_does_not_arrive(
    share: Share, made: Path, tmp_path: Path, kind: Kind, name: str
):
    digest = kind.digest(made / name)
    share.put_folder(kind, digest, made / name)
    for file in kind.files:
        path = share._at(f"{kind.folder}/{digest}/{file}")
        good = share.fs.cat_file(path)
        for bad in (good[:-1], good[: len(good) // 2], bytes([*good[:-1], good[-1] ^ 1]), b""):
            share.fs.pipe_file(path, bad)
            with pytest.raises(DamagedError, match=digest):
                share.get_folder(kind, digest, tmp_path)
            assert not (tmp_path / kind.folder / digest).exists()
        share.fs.pipe_file(path, good)
    assert files(share.get_folder(kind, digest, tmp_path)) == files(made / name)


@KIND
def test_another_folder_under_this_name_does_not_arrive(
    share: Share, made: Path, tmp_path: Path, kind: Kind, name: str
):
    """Whole in itself, but not what the job is about."""
    share.put_folder(kind, "f" * 64, made / name)
    with pytest.raises(DamagedError, match="damaged"):
        share.get_folder(kind, "f" * 64, tmp_path)


@KIND
def test_an_upload_that_broke_off_is_made_again(
    share: Share, made: Path, tmp_path: Path, kind: Kind, name: str
):
    digest = kind.digest(made / name)
    big = share._at(f"{kind.folder}/{digest}/{kind.files[0]}")
    share.fs.makedirs(big.rpartition("/")[0], exist_ok=True)
    share.fs.pipe_file(big, b"half")
    with pytest.raises(DamagedError, match="no whole"):
        share.get_folder(kind, digest, tmp_path)
    share.put_folder(kind, digest, made / name)
    assert files(share.get_folder(kind, digest, tmp_path)) == files(made / name)


@KIND
def test_a_file_that_lost_its_end_is_sent_again(
    share: Share, made: Path, tmp_path: Path, kind: Kind, name: str
):
    digest = kind.digest(made / name)
    share.put_folder(kind, digest, made / name)
    share.fs.pipe_file(share._at(f"{kind.folder}/{digest}/{kind.files[0]}"), b"half")
    share.put_folder(kind, digest, made / name)
    assert files(share.get_folder(kind, digest, tmp_path)) == files(made / name)


def test_readers_see_the_old_file_or_the_new_one(share: Share, monkeypatch):
    share.put_bytes("a/b", b"old")

    def breaks_off(path, content):
        original(path, content[:1])
        raise OSError("the network is gone")

    original = share.fs.pipe_file
    monkeypatch.setattr(share.fs, "pipe_file", breaks_off)
    with pytest.raises(OSError, match="gone"):
        share.put_bytes("a/b", b"new")
    assert share.get_bytes("a/b") == b"old"


def test_a_share_that_can_be_written_has_nothing_in_it_afterwards(share: Share):
    share.require_writable()
    assert share.fs.find(share.root) == []


def test_a_share_that_cannot_be_written(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        Share(str(tmp_path / "file" / "share")).require_writable()
