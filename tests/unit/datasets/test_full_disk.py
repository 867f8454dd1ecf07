"""A disk that is full, or takes no files: one message that says where, and nothing half is left."""

import os

import pytest

from lorvp.files.whole import naming_full_disk, reserve
from tests.support.datasets.command import Project
from tests.support.datasets.layout import lay, packed
from tests.support.datasets.layouts import layout
from tests.support.datasets.pictures import each, encoded
from tests.support.datasets.server import serving
from tests.support.mounts import mounted

PAGE = 4096


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "project", tmp_path / "raw")


@pytest.fixture
def server():
    with serving() as told:
        yield told


def says(project, status, *words) -> None:
    """One message for people, and no dataset."""
    assert status == 2, (status, project.said)
    told = [line for line in project.said.splitlines() if words[0] in line]
    assert len(told) == 1, project.said
    for word in words:
        assert word in told[0]
    assert "Traceback" not in project.said
    assert project.leftovers() == []


def asks_for_archives(project, server, **contents) -> None:
    """Two archives; ``padding`` unpacks to a megabyte and is small."""
    pets = layout("oxford_pets").archives | {"padding.tar.gz": contents}
    server.files |= {name: packed(name, content) for name, content in pets.items()}
    archives = [
        {"url": f"{server.url}/{name}", "folder": "oxford-iiit-pet"} for name in server.files
    ]
    project.asks_for(kind="oxford_pets", size=64, archives=archives)


def asks_for_images(project, count: int = 24, broken: bool = False) -> int:
    """Images that lie elsewhere; how many bytes they are when stored at 64 x 64."""
    rows = [*each("train", 3, count // 6), *each("test", 3, count // 6)]
    for which in rows:
        path = project.root / f"images/{which.part}/{which.label}/{which.index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"text" if broken and which == rows[0] else encoded(which, "PNG"))
    root = str(project.root / "images")
    project.asks_for(kind="folder", root=root, size=64, broken="skip")
    return 128 + count * 64 * 64 * 3


def test_while_it_downloads(project, server):
    asks_for_archives(project, server)
    server.files["images.tar.gz"] = bytes(100 * PAGE)
    with mounted(project.raw, f"size={20 * PAGE}"):
        says(project, project.run(), "the disk is full", str(project.raw))
        assert project.raw_folders() == []
    asks_for_archives(project, server)
    assert project.run() == 0, project.said


def test_while_it_unpacks(project, server):
    asks_for_archives(project, server, **{"zeros.bin": bytes(1 << 20)})
    with mounted(project.raw, f"size={100 * PAGE}"):
        says(project, project.run(), "the disk is full", str(project.raw))
        assert project.raw_folders() == []


def test_before_the_first_image_is_stored(project):
    """Not in the middle, when the process would end by SIGBUS."""
    size = asks_for_images(project)
    with mounted(project.root / "data", f"size={size // 2 // PAGE * PAGE}"):
        says(project, project.run(), "the disk is full", "are needed in data/.work")


@pytest.mark.parametrize(
    ("pages", "broken"), [(0, False), (1, False), (0, True), (1, True), (10, True)]
)
def test_after_the_last_image_is_stored(project, pages, broken):
    """No room for the labels, or the manifest; or for what is left without a broken image."""
    size = asks_for_images(project, broken=broken)
    with mounted(project.root / "data", f"size={(-(-size // PAGE) + pages) * PAGE}"):
        says(project, project.run(), "the disk is full", "data/.work")


@pytest.mark.parametrize("limit", [1 << 14, 1 << 17])
def test_a_limit_on_the_size_of_files(project, limit):
    """As batch systems set them."""
    asks_for_images(project)
    says(project, project.run(limit=limit), "the disk is full", "data/.work")


@pytest.mark.parametrize("limit", [1 << 12, 1 << 19])
def test_a_limit_on_the_size_of_raw_files(project, server, limit):
    """Smaller than an archive; smaller than what is in it."""
    asks_for_archives(project, server, **{"zeros.bin": bytes(1 << 20)})
    says(project, project.run(limit=limit), "the disk is full", str(project.raw))
    assert project.raw_folders() == []


@pytest.mark.parametrize("place", ["data", "raw"])
def test_a_disk_that_takes_no_files(project, server, place):
    lay(layout("oxford_pets"), project.root / "pets")
    asks_for_archives(project, server)
    folder = project.root / "data" if place == "data" else project.raw
    with mounted(folder, "ro"):
        says(project, project.run(), "ead-only", place)


def test_a_file_is_claimed_whole(tmp_path):
    with open(tmp_path / "file", "wb") as file:
        file.truncate(10 * PAGE)
    assert (tmp_path / "file").stat().st_blocks == 0
    reserve(tmp_path / "file")
    assert (tmp_path / "file").stat().st_blocks * 512 >= 10 * PAGE
    assert (tmp_path / "file").read_bytes() == bytes(10 * PAGE)


def test_more_than_there_is_is_not_even_tried(tmp_path, monkeypatch):
    """The system would fill the disk to the last byte, under everyone else's feet."""
    tried = []
    monkeypatch.setattr(os, "posix_fallocate", lambda *args: tried.append(args))
    with open(tmp_path / "file", "wb") as file:
        file.truncate(1 << 43)
    with pytest.raises(OSError, match=rf"the disk is full: 8796\.1 GB are needed in {tmp_path}"):
        reserve(tmp_path / "file")
    assert tried == []


def test_other_errors_stay_what_they_are(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"), naming_full_disk(tmp_path):
        (tmp_path / "nowhere").read_bytes()
