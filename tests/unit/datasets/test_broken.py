"""Files that are no images: all of them are named, or they are left out and nothing else is."""

import json

import pytest

from lorvp.datasets import prepared
from lorvp.datasets.write import write
from lorvp.errors import InputError
from tests.support.datasets.encoded import HUGE_PNG
from tests.support.datasets.layout import lay
from tests.support.datasets.layouts import layout
from tests.support.datasets.making import config, make, seen
from tests.support.datasets.pictures import Which, each, encoded

BROKEN = {
    "train/big_cat/0.jpg": b"<html>404</html>",
    "train/zebra/2.webp": b"",
    "train/zebra/3.bmp": encoded(Which("train", 2, 3), "BMP")[:700],
    "test/dog/0.jpg": encoded(Which("test", 1, 0))[:300],
    "test/zebra/1.png": HUGE_PNG,
}
# The images they were, if the number is in the name.
LOST = {Which("train", 0, 0), Which("train", 2, 2), Which("train", 2, 3), Which("test", 1, 0)}


@pytest.fixture
def raw(tmp_path):
    """The folders of three animals, with some files broken."""
    root = lay(layout("folder"), tmp_path / "raw")
    for name, data in BROKEN.items():
        (root / name).write_bytes(data)
    (root / "test/zebra/1.png").unlink()  # there it lies a folder deeper
    (root / "test/zebra/more/1.png").write_bytes(BROKEN["test/zebra/1.png"])
    return root


def test_all_of_them_are_named_and_nothing_is_stored(raw, tmp_path):
    with pytest.raises(InputError) as error:
        write(tmp_path / "out/data", config("folder", root=str(raw)).source(), tmp_path / "work")
    message = str(error.value)
    assert message.startswith("5 images cannot be read")
    assert "`broken: skip`" in message
    for name in BROKEN:
        assert name.rpartition("/")[0] in message
        assert name.rpartition("/")[2] in message
    assert list((tmp_path / "out").iterdir()) == list((tmp_path / "work").iterdir()) == []


def test_many_are_named_too(tmp_path):
    """Who has to replace them needs the whole list."""
    root = lay(layout("folder"), tmp_path / "raw")
    paths = [path for path in (root / "train").rglob("*.*") if ".cache" not in path.parts]
    paths = [path for path in paths if path.is_file() and path.suffix != ".txt"]
    for path in paths:
        path.write_bytes(b"text")
    with pytest.raises(InputError) as error:
        make(tmp_path / "data", "folder", root=str(root))
    assert len(paths) == 15
    assert all(str(path) in str(error.value) for path in paths)


def test_left_out_they_take_nothing_with_them(raw, tmp_path):
    whole = seen(
        make(tmp_path / "whole", "folder", root=str(lay(layout("folder"), tmp_path / "r")))
    )
    data = make(tmp_path / "data", "folder", root=str(raw), broken="skip")
    lost = LOST | {Which("test", 2, 1)}
    for split, rows in seen(data).items():
        assert rows == [which for which in whole[split] if which not in lost]
        assert data.sizes[split] == len(rows)
    manifest = json.loads((data.folder / "manifest.json").read_text())
    assert data.left_out == manifest["left_out"]
    assert len(data.left_out) == len(BROKEN)
    for name in BROKEN:
        assert any(name.rpartition("/")[2] in line for line in data.left_out)
    assert {path.name for path in data.folder.iterdir()} == {*manifest["files"], "manifest.json"}


UNREADABLE = "is no image that can be read"
FAULTS = [
    ("folder", lambda path: path.write_bytes(b"text"), "its format is unknown"),
    ("oxford_pets", lambda path: path.write_bytes(b"text"), "its format is unknown"),
    ("dtd", lambda path: path.write_bytes(b"text"), "its format is unknown"),
    ("dtd", lambda path: path.unlink(), "No such file or directory"),
]


@pytest.mark.parametrize(("kind", "damage", "reason"), FAULTS)
def test_left_out_they_are_named_alike_wherever_the_raw_files_lie(kind, damage, reason, tmp_path):
    """So that two machines write the same manifest."""
    manifests = []
    for place in ("one", "deep/two"):
        root = lay(layout(kind), tmp_path / place)
        image = max(p for p in root.rglob("*.*") if p.suffix.lower() in (".jpg", ".jpeg"))
        damage(image)
        data = make(tmp_path / "data" / place, kind, root=str(root), broken="skip")
        assert data.left_out == [f"{image.relative_to(root)} {UNREADABLE}: {reason}"]
        manifests.append((data.folder / "manifest.json").read_bytes())
    assert manifests[0] == manifests[1]


def test_left_out_they_do_not_depend_on_threads(raw, tmp_path):
    source = config("folder", root=str(raw), broken="skip").source()
    for threads in (1, 5):
        write(tmp_path / str(threads), source, threads=threads)
    one, five = (prepared.read(tmp_path / str(threads)) for threads in (1, 5))
    assert one.digest == five.digest
    assert one.left_out == five.left_out


@pytest.mark.parametrize(("kind", "part"), [("folder", "train"), ("folder_test", "test")])
def test_a_class_of_which_nothing_is_left_is_refused(kind, part, tmp_path):
    """It would be an answer that is never right."""
    for which in each("all", 3, 4):
        path = tmp_path / "raw" / f"class_{which.label}" / f"{which.index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"text" if which.label == 1 else encoded(which, "PNG"))
    with pytest.raises(InputError, match=f"none of the {part} images can be read of: class 1$"):
        make(tmp_path / "data", kind, root=str(tmp_path / "raw"), broken="skip")
    assert not (tmp_path / "data").exists()


def test_the_archives_images_can_be_broken_too(tmp_path):
    root = lay(layout("dtd"), tmp_path / "raw")
    (root / "dtd/dtd/images/banded/banded_test0001.jpg").write_bytes(b"text")
    (root / "dtd/dtd/images/cracked/cracked_train0002.jpg").unlink()
    with pytest.raises(InputError, match=r"2 images cannot be read[^$]*banded_test0001\.jpg"):
        make(tmp_path / "data", "dtd", root=str(root))
    data = make(tmp_path / "data", "dtd", root=str(root), broken="skip")
    assert sum(data.sizes.values()) == 48 - 2
    gone = {Which("test", 0, 1), Which("train", 2, 2)}
    assert not gone & {which for rows in seen(data).values() for which in rows}
