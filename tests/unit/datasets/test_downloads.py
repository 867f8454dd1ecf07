"""Raw files from the net: whole and right, or not there; and never twice."""

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lorvp.datasets.download import Archive, default_root, fetch
from lorvp.errors import InputError
from tests.support.datasets.layout import packed
from tests.support.datasets.server import serving

ONE = packed("one.tar.gz", {"one/a.txt": b"a", "one/deep/b.txt": b"b" * 100_000})
TWO = packed("two.zip", {"c.txt": b"c" * 1000})
THREE = b"no archive at all" * 1000


@pytest.fixture
def raw(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("LORVP_RAW", str(tmp_path / "raw"))
    return tmp_path / "raw"


@pytest.fixture
def server():
    with serving({"one.tar.gz": ONE, "two.zip": TWO, "three.mat": THREE}) as told:
        yield told


def archives(server) -> list[Archive]:
    """Three, each with its checksum, in folders of their own."""
    return [
        archive(server, "one.tar.gz"),
        archive(server, "two.zip", folder="two"),
        archive(server, "three.mat", folder="three"),
    ]


def archive(server, name: str, folder: str = "") -> Archive:
    digest = hashlib.sha256(server.files[name]).hexdigest()
    return Archive(url=f"{server.url}/{name}", hash=f"sha256:{digest}", folder=folder)


def below(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


WHOLE = {
    "one/a.txt": b"a", "one/deep/b.txt": b"b" * 100_000, "two/c.txt": b"c" * 1000,
    "three/three.mat": THREE,
}  # fmt: skip


def finished(raw: Path) -> list[Path]:
    """What later runs would take for raw files."""
    ends = (".lock", ".downloads")
    found = raw.iterdir() if raw.exists() else ()
    return [p for p in found if p.suffix not in ends and not p.name.startswith(".")]


def test_all_are_unpacked_where_they_belong(raw, server):
    folder = fetch("kind", archives(server))
    assert below(folder) == WHOLE
    assert finished(raw) == [folder]
    assert not list(raw.rglob("*.downloads")), "archives are not kept beside what was in them"


def test_what_is_there_is_not_asked_for_again(raw, server):
    first = fetch("kind", archives(server))
    again = fetch("kind", archives(server))
    assert first == again
    assert sorted(server.asked) == sorted(server.files)


def test_other_archives_are_other_raw_files(raw, server):
    first = fetch("kind", archives(server))
    fewer = fetch("kind", archives(server)[:1])
    assert first != fewer
    assert set(below(fewer)) == {"one/a.txt", "one/deep/b.txt"}


def test_two_archives_may_share_a_name(raw, server):
    for n in (1, 2):
        server.files[f"{n}/images.zip"] = packed("x.zip", {f"{n}.txt": b""})
    wanted = [archive(server, f"{n}/images.zip") for n in (1, 2)]
    assert set(below(fetch("kind", wanted))) == {"1.txt", "2.txt"}


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_a_wrong_checksum_is_named_and_nothing_kept(raw, server, algorithm):
    right = hashlib.new(algorithm, ONE).hexdigest()
    wrong = f"{algorithm}:{right[:-1]}{'0' if right[-1] != '0' else '1'}"
    one = Archive(url=f"{server.url}/one.tar.gz", hash=wrong)
    with pytest.raises(InputError, match=rf"one\.tar\.gz is not the file.*{wrong}"):
        fetch("kind", [one])
    assert finished(raw) == []
    assert set(below(raw).values()) <= {b""}, "the wrong file is still there"
    folder = fetch("kind", [Archive(url=one.url, hash=f"{algorithm}:{right}")])
    assert set(below(folder)) == {"one/a.txt", "one/deep/b.txt"}


def test_without_a_checksum_it_says_what_came(raw, server, capsys):
    fetch("kind", [Archive(url=f"{server.url}/two.zip")])
    assert hashlib.sha256(TWO).hexdigest() in capsys.readouterr().out


@pytest.mark.parametrize("fault", ["missing", "refused", "cut"])
def test_a_fault_says_what_to_do_and_the_next_attempt_goes_on(raw, server, fault):
    """The archive that had come whole is not downloaded again."""
    wanted = archives(server)
    two = server.files["two.zip"]
    if fault == "missing":
        del server.files["two.zip"]
    elif fault == "refused":
        # Nobody listens on this machine's port 1.
        wanted[1] = wanted[1].model_copy(update={"url": "http://127.0.0.1:1/two.zip"})
    else:
        server.breaks.add("two.zip")
    address = re.escape(wanted[1].url)
    with pytest.raises(InputError, match=rf"cannot download {address} \(.+\).*`root`.*`archives`"):
        fetch("kind", wanted)
    assert finished(raw) == []
    assert server.asked.count("one.tar.gz") == 1
    if fault == "refused":
        return
    server.files["two.zip"] = two
    server.breaks.clear()
    assert below(fetch("kind", wanted)) == WHOLE
    assert server.asked.count("one.tar.gz") == 1


def test_the_progress_of_a_download_has_lines_of_its_own(raw, server, capsys):
    """Of one that ends well, and of one that does not, after which an error is told."""
    server.breaks.add("two.zip")
    with pytest.raises(InputError):
        fetch("kind", archives(server))
    *lines, last = capsys.readouterr().err.split("\n")
    assert last == ""
    assert lines[0::2] == [f"downloading {server.url}/{name}" for name in ("one.tar.gz", "two.zip")]
    assert ["%" in line for line in lines[1::2]] == [True, True]


def test_two_at_once_download_once(raw, server):
    wanted = archives(server)
    with ThreadPoolExecutor(2) as pool:
        folders = set(pool.map(lambda _: fetch("kind", wanted), range(2)))
    assert below(folders.pop()) == WHOLE
    assert not folders
    assert sorted(server.asked) == sorted(server.files)


def test_where_raw_files_lie(monkeypatch, tmp_path):
    monkeypatch.delenv("LORVP_RAW", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_root().name == "raw"
    monkeypatch.setenv("LORVP_RAW", str(tmp_path / "elsewhere"))
    assert default_root() == tmp_path / "elsewhere"


@pytest.mark.parametrize(
    "wrong",
    [{"url": "ftp://host/x.zip"}, {"url": "x.zip"}, {"url": "http://host/x.zip", "hash": "123"},
     {"url": "http://host/x.zip", "hash": "md5:xyz"}, {"url": "http://host/x", "folder": "../up"},
     {"url": "http://host/x", "folder": "/etc"}, {"url": "http://host/x", "name": "y"},
     {"url": "http://host"}, {"url": "http://host/"}, {"url": "http://host/?file=x.zip"},
     {"url": "http://host/x/.."}],
    ids=str,
)  # fmt: skip
def test_addresses_are_checked_before_they_are_used(wrong):
    with pytest.raises(ValueError, match="validation error"):
        Archive.model_validate(wrong)


@pytest.mark.parametrize(
    "address",
    ["http://host/x.zip", "http://host/x.zip/", "http://host/x.zip?download=1#top",
     "http://host/other/x.zip?from=a/b.zip"],
)  # fmt: skip
def test_what_stands_around_a_files_name_is_not_part_of_it(address):
    assert Archive(url=address).name == "x.zip"


def test_an_address_without_a_files_name_says_so():
    with pytest.raises(ValueError, match="url has no file name at its end"):
        Archive(url="https://host/?download=1")
