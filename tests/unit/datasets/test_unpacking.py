"""Archives that are damaged or mean harm: refused, with nothing written outside or kept."""

import hashlib
import io
import os
import pickle
import random
import tarfile
from pathlib import Path

import pytest

from lorvp.datasets.download import Archive, fetch
from lorvp.errors import InputError
from lorvp.files.whole import canonical
from tests.support.datasets.layout import lay, packed, tarred, zipped
from tests.support.datasets.layouts import layout
from tests.support.datasets.making import make
from tests.support.datasets.server import serving


@pytest.fixture
def raw(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("LORVP_RAW", str(tmp_path / "raw"))
    return tmp_path / "raw"


def unpacked(name: str, data: bytes) -> Path:
    """The folder of one archive that a server sends."""
    with serving({name: data}) as server:
        return fetch("kind", [Archive(url=f"{server.url}/{name}")])


def everything(folder: Path) -> set[str]:
    """All files but locks and archives that came."""
    files = (p for p in folder.rglob("*") if not p.is_dir() or p.is_symlink())
    return {p.name for p in files if p.suffix != ".lock" and ".downloads" not in str(p)}


def linked(target: str, hard: bool = False) -> bytes:
    """A tar whose first member points to ``target``, with a file behind it."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = (tarfile.LNKTYPE if hard else tarfile.SYMTYPE), target
        archive.addfile(link)
        inner = tarfile.TarInfo("link/evil.txt")
        inner.size = 4
        archive.addfile(inner, io.BytesIO(b"evil"))
    return file.getvalue()


def device() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        null = tarfile.TarInfo("null")
        null.type, null.devmajor, null.devminor = tarfile.CHRTYPE, 1, 3
        archive.addfile(null)
    return file.getvalue()


EVIL = {
    "up.tar": lambda tmp: tarred({"good.txt": b"", "../evil.txt": b"evil"}),
    "deep.tar.gz": lambda tmp: packed("x.tar.gz", {"a/../../../evil.txt": b"evil"}),
    "symlink.tar": lambda tmp: linked(str(tmp)),
    "relative.tar": lambda tmp: linked("../.."),
    "hardlink.tar": lambda tmp: linked("../../secret", hard=True),
    "device.tar": lambda tmp: device(),
    "up.zip": lambda tmp: zipped({"good.txt": b"", "../evil.txt": b"evil"}),
    "absolute.zip": lambda tmp: zipped({f"{tmp}/evil.txt": b"evil"}),
    "backslash.zip": lambda tmp: zipped({"..\\evil.txt": b"evil"}),
}


@pytest.mark.parametrize("name", EVIL)
def test_paths_that_lead_out_are_refused(raw, tmp_path, name):
    (tmp_path / "secret").write_text("secret")
    with pytest.raises(InputError, match=rf"{name} is not safe to unpack"):
        unpacked(name, EVIL[name](tmp_path))
    assert everything(tmp_path) == {"secret"}


def test_absolute_paths_in_a_tar_stay_inside(raw, tmp_path):
    """Python drops the slash at the front."""
    folder = unpacked("absolute.tar", tarred({f"{tmp_path}/evil.txt": b"evil"}))
    assert everything(tmp_path) == {"evil.txt"}
    assert everything(folder) == {"evil.txt"}


RANDOM = random.Random(0)
GOOD = {
    "noise.bin": RANDOM.randbytes(5000),
    "text.txt": b"".join(b"%d " % RANDOM.randrange(1000) for _ in range(3000)),
    "more/noise.bin": RANDOM.randbytes(3000),
}
NAMES = ["x.tar.gz", "x.tar", "x.zip"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("share", [0, 0.01, 0.3, 0.6, 0.9, 0.999])
def test_an_archive_that_was_cut_is_damaged(raw, name, share):
    data = packed(name, GOOD)
    # A tar ends in blocks of zeros, which nobody misses.
    end = len(data.rstrip(b"\0")) if name == "x.tar" else len(data)
    with pytest.raises(InputError, match=rf"{name} is damaged"):
        unpacked(name, data[: int(end * share)])
    assert everything(raw) == set()


@pytest.mark.parametrize("name", ["x.tar.gz", "x.zip"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9, 0.97])
def test_changed_bytes_are_damage(raw, name, share):
    """Both kinds carry sums of their own."""
    data = bytearray(packed(name, GOOD))
    place = int(len(data) * share)
    data[place : place + 40] = bytes(byte ^ 0x5A for byte in data[place : place + 40])
    with pytest.raises(InputError, match=rf"{name} is damaged"):
        unpacked(name, bytes(data))
    assert everything(raw) == set()


def test_a_damaged_archive_is_asked_for_again(raw):
    """Without a checksum nobody sees the damage before it is unpacked."""
    whole = packed("x.zip", GOOD)
    with serving({"x.zip": whole[:-100]}) as server:
        wanted = [Archive(url=f"{server.url}/x.zip")]
        with pytest.raises(InputError, match=r"x\.zip is damaged"):
            fetch("kind", wanted)
        server.files["x.zip"] = whole
        assert everything(fetch("kind", wanted)) == {"noise.bin", "text.txt"}


def test_a_page_instead_of_an_archive_is_damage(raw):
    with pytest.raises(InputError, match=r"x\.zip is damaged"):
        unpacked("x.zip", b"<html>please log in</html>")


class RunsCode:
    """As pickle stores it, this makes a folder when it is read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("file", ["data_batch_3", "batches.meta"])
def test_a_pickle_that_would_run_code_does_not(tmp_path, file):
    root = lay(layout("cifar10"), tmp_path / "raw")
    path = root / "cifar-10-batches-py" / file
    path.write_bytes(pickle.dumps({"labels": RunsCode(tmp_path / "ran")}, protocol=2))
    with pytest.raises(InputError, match=rf"{file} is damaged or no CIFAR file.*mkdir"):
        make(tmp_path / "data", "cifar10", root=str(root))
    assert not (tmp_path / "ran").exists()
    pickle.loads(path.read_bytes())
    assert (tmp_path / "ran").exists(), "else the file above would prove nothing"


def inner(content: bytes | None, path: str = "deep/inner.tar.gz") -> Path:
    """The folder of an archive that has another one, which is unpacked too."""
    members = {"a.txt": b"a"} if content is None else {"a.txt": b"a", "deep/inner.tar.gz": content}
    with serving({"x.zip": zipped(members)}) as server:
        return fetch("kind", [Archive(url=f"{server.url}/x.zip", inner=path)])


def test_an_archive_in_an_archive_is_unpacked_where_it_lies(raw):
    folder = inner(packed("x.tar.gz", {"in/b.txt": b"b"}))
    assert {str(p.relative_to(folder)) for p in folder.rglob("*.*")} == {"a.txt", "deep/in/b.txt"}


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "has no deep/inner"), (packed("x.tar.gz", GOOD)[:-20], "x.zip is damaged"),
     (tarred({"../../evil.txt": b"evil"}), "inner.tar.gz is not safe")],
    ids=["absent", "cut", "evil"],
)  # fmt: skip
def test_an_archive_in_an_archive_is_looked_at_as_others_are(content, message, raw):
    with pytest.raises(InputError, match=message):
        inner(content)
    assert everything(raw) == set()


def test_a_path_that_leads_out_names_no_archive():
    with pytest.raises(ValueError, match="inner"):
        Archive(url="http://host/x.zip", inner="../x.tar")


def test_downloads_of_before_are_found_again(raw):
    """Their folder's name is a digest of the settings that archives had then."""
    facts = [{"url": "http://host/a.zip", "hash": None, "folder": "b"}]
    folder = raw / f"kind-{hashlib.sha256(canonical(facts)).hexdigest()[:8]}"
    folder.mkdir(parents=True)
    assert fetch("kind", [Archive(url="http://host/a.zip", folder="b")]) == folder
