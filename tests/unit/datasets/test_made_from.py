"""When a prepared dataset is left alone, and what makes it be prepared again."""

import json
import os
import shutil
from pathlib import Path

import pytest

from lorvp.datasets import made_from, prepared
from lorvp.experiment.params import Params
from tasks.stages.prepare import prepare_dataset
from tests.support.datasets.layout import lay
from tests.support.datasets.layouts import layout
from tests.support.datasets.making import config

UP_TO_DATE = (
    "mine: up to date (names, sizes and times of its files are as before; their content was not "
    "read)\n"
)
MINE = Path("data/datasets/mine")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def said(capsys):
    """What the stage prints; how many times it prepared is how often it names the classes."""

    def prepare(kind: str = "folder", **settings) -> str:
        dataset = config(kind, **(settings or {"root": "raw"}))
        prepare_dataset("mine", Params.model_construct(datasets={"mine": dataset}))
        return capsys.readouterr().out

    return prepare


@pytest.fixture
def folder(said) -> Path:
    """The raw files of a dataset that has been prepared, of an hour ago."""
    root = lay(layout("folder"), Path("raw"))
    an_hour_ago(root)
    assert "mine: 3 classes" in said()
    an_hour_ago(MINE / "images.npy")
    return root


def an_hour_ago(*places: Path) -> None:
    for place in places:
        for path in [place, *place.rglob("*")]:
            then = path.stat().st_mtime - 3600
            os.utime(path, (then, then))


def state() -> dict[str, tuple]:
    return {p.name: (p.stat().st_ino, p.stat().st_mtime_ns, p.read_bytes()) for p in MINE.iterdir()}


def test_what_is_still_true_is_left_alone(folder, said):
    before = state()
    assert said() == UP_TO_DATE
    assert state() == before


def test_it_says_what_it_was_made_from_and_with(folder):
    manifest = json.loads((MINE / "manifest.json").read_text())
    assert manifest["made_from"] == made_from.of(config("folder", root="raw"))
    assert {"torch", "numpy", "pillow", "simplejpeg", "python"} <= manifest["made_with"].keys()


def another_image(root: Path) -> None:
    shutil.copy2(root / "train/dog/0.jpg", root / "train/dog/new.jpg")


def one_image_less(root: Path) -> None:
    (root / "train/dog/0.jpg").unlink()


def another_name(root: Path) -> None:
    (root / "train/dog/0.jpg").rename(root / "train/dog/z.jpg")


def another_content(root: Path) -> None:
    """Of the same length."""
    path = root / "train/dog/0.jpg"
    path.write_bytes(path.read_bytes()[:-2] + b"\xff\xd9")


def another_behind_a_link(root: Path) -> None:
    shutil.copytree(root / "train/dog", "elsewhere")
    (root / "train/dog/link").symlink_to(Path("elsewhere").absolute())
    (Path("elsewhere") / "loop").symlink_to(root.absolute())


@pytest.mark.parametrize(
    "change",
    [another_image, one_image_less, another_name, another_content, another_behind_a_link],
)
def test_another_file_of_the_users_prepares_it_again(folder, said, change):
    change(folder)
    told = said()
    assert "made again, since its files changed" in told
    assert "mine: 3 classes" in told
    assert said() == UP_TO_DATE


def moved(root: Path) -> dict:
    root.rename("elsewhere")
    return {"root": "elsewhere"}


def gone(root: Path) -> dict:
    """As for a colleague who pulled what was prepared."""
    shutil.rmtree(root)
    return {"root": "raw"}


def with_a_hidden_file(root: Path) -> dict:
    (root / ".DS_Store").write_text("of the desktop")
    return {"root": "raw"}


@pytest.mark.parametrize("change", [moved, with_a_hidden_file])
def test_what_changes_no_pixel_prepares_nothing(folder, said, change):
    assert said(**change(folder)) == UP_TO_DATE


def test_files_that_are_gone_prepare_nothing(folder, said):
    assert said(**gone(folder)) == "mine: up to date (its files are not here any more)\n"


def test_what_was_drawn_has_no_files_to_compare(said):
    said("digits", seed=0)
    assert said("digits", seed=0) == "mine: up to date\n"


def test_photographs_in_anothers_place_with_its_size_and_time_are_not_noticed_which_is_said(
    folder, said
):
    before = state()
    path = min((folder / "train/zebra").glob("*.bmp"))
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    flip_a_bit(path)
    os.utime(path, ns=times)
    assert said() == UP_TO_DATE
    assert "content was not read" in UP_TO_DATE
    assert state() == before
    os.utime(path, ns=(times[0], times[1] + 10**9))  # a second later it is
    assert "made again, since its files changed" in said()


def test_a_renamed_class_is_noticed(folder, said):
    for part in ("train", "test"):
        (folder / part / "zebra").rename(folder / part / "okapi")
    assert "made again, since its files changed" in said()
    assert "okapi" in prepared.read(MINE).class_names


def test_other_settings_prepare_it_again(folder, said):
    assert "since its settings changed" in said(root="raw", size=24)
    assert prepared.read(MINE).split("train").images_NHWC.shape[1:] == (24, 24, 3)


def test_another_split_file_prepares_it_again():
    Path("raw").mkdir()
    Path("split.json").write_text("{}")
    asked = config("dtd", root="raw", split="split.json")
    before = made_from.of(asked)
    Path("split.json").write_text("{ }")
    after = made_from.of(asked)
    assert {key for key in after if after[key] != before[key]} == {"files"}


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("file", ["images.npy", "labels.npy", "manifest.json"])
@pytest.mark.parametrize(
    "damage",
    [flip_a_bit, lambda path: path.unlink(), lambda path: os.truncate(path, 100)],
    ids=["bit", "missing", "truncated"],
)
def test_what_is_damaged_is_made_again(folder, said, file, damage):
    before = {path.name: path.read_bytes() for path in MINE.iterdir()}
    damage(MINE / file)
    assert "mine: 3 classes" in said()
    assert {path.name: path.read_bytes() for path in MINE.iterdir()} == before


def test_a_dataset_of_before_is_prepared_once_more(folder, said):
    """Its manifest does not tell what it was made from."""
    path = MINE / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["made_from"], manifest["made_with"]
    path.write_text(json.dumps(manifest))
    assert "mine: 3 classes" in said()
    assert said() == UP_TO_DATE


def test_many_gigabytes_that_nobody_touched_are_not_read(folder, said, monkeypatch):
    """Images are older than the manifest, which is written last, unless somebody wrote to them."""
    read = []
    monkeypatch.setattr(made_from, "sha256", lambda path: read.append(path.name) or "another")
    an_hour_ago(MINE / "labels.npy")
    assert said() == UP_TO_DATE
    assert read == []
    (MINE / "images.npy").touch()
    assert "made again" in said()
    assert read == ["images.npy"]
