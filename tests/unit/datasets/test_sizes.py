"""What is said of a dataset once it is prepared."""

import json

import pytest

from lorvp.datasets import prepared
from lorvp.errors import InputError
from tasks import settings
from tasks.stages.prepare import prepare_dataset
from tasks.stages.report import on_data
from tests.support.datasets import trees
from tests.support.datasets.layout import lay
from tests.support.datasets.layouts import layout
from tests.support.datasets.making import make
from tests.support.datasets.pictures import Which

PARAMS = """
datasets:
  mine: {{kind: {kind}{more}}}
  letters: letters
checkpoints: {{net: {{kind: trained, dataset: letters, architecture: test_resnet}}}}
grid: {{one: {{dataset: letters, network: net, method: none, mapping: lp}}}}
"""


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def of(kind: str, more: str = "") -> str:
        (tmp_path / "params.yaml").write_text(PARAMS.format(kind=kind, more=more))
        prepare_dataset("mine", settings.read().params)
        return capsys.readouterr().out

    return of


def test_a_copy_that_has_lost_most_of_it_is_noticed(said, tmp_path):
    root = lay(layout("svhn"), tmp_path / "raw")
    told = said("svhn", f", root: {root}")
    assert "note: mine has" in told
    assert "train; by its published sizes, 65,931" in told
    assert "test; by its published sizes, 26,032" in told


def test_what_is_whole_is_not_remarked_upon(said):
    told = said("digits")
    assert "mine: 10 classes; images: 800 train, 200 val, 797 test" in told
    assert "note" not in told


def test_what_is_not_used_and_what_is_twice_is_said(said, tmp_path):
    tree = trees.splits() | {"train/cat/notes.txt": b"", "train/dog/a.HEIC": b"",
                             "test/cat/b.HEIC": b"", "test/cow/z.png": Which("train", 1, 0),
                             ".DS_Store": b""}  # fmt: skip
    root = trees.lay(tmp_path / "raw", tree)
    told = said("folder", f", root: {root}, size: 8, seed: 1")
    assert (
        "mine: 3 classes; images: 12 train, 3 val, 7 test; 3 files not used: 2 .HEIC, 1 .txt "
        in told
    )
    assert "(first: test/cat/b.HEIC); .HEIC cannot be read here: convert them to JPEG" in told
    assert "note: mine: 1 test images have the same pixels as images of train (first: " in told
    assert "train/cow/0.png = test/cow/z.png)" in told
    manifest = json.loads((tmp_path / "data/datasets/mine/manifest.json").read_text())
    assert manifest["not_used"] == {
        ".HEIC": {"files": 2, "first": "test/cat/b.HEIC"},
        ".txt": {"files": 1, "first": "train/cat/notes.txt"},
    }
    assert manifest["duplicates"]["train, test"]["images"] == 1


def test_the_report_says_it_too(said, tmp_path):
    tree = trees.splits() | {"train/cat/notes.txt": b"", "test/dog/a.HEIC": b"",
                             "test/cow/z.png": Which("train", 0, 0)}  # fmt: skip
    root = trees.lay(tmp_path / "raw", tree)
    printed = said("folder", f", root: {root}, size: 8, seed: 1")
    told = list(on_data({"mine": prepared.read(tmp_path / "data/datasets/mine")}))
    assert len(told) == 3, "in two splits, under two classes, and files that are not used"
    assert all(sentence.startswith("mine: ") for sentence in told)
    assert all(sentence.removeprefix("mine: ").removesuffix(".") in printed for sentence in told)


def test_the_report_says_nothing_of_data_without_notes(said, tmp_path):
    said("digits")
    assert list(on_data({"mine": prepared.read(tmp_path / "data/datasets/mine")})) == []


OF_FOLDERS = {
    "gtsrb": "GTSRB/Final_Training/Images/00002",
    "eurosat": "eurosat/2750/{first}",
    "caltech101": "caltech-101/101_ObjectCategories/{first}",
    "resisc45": "NWPU-RESISC45/{first}",
    "tiny_imagenet": "tiny-imagenet-200/train/n02124075/images",
    "imagenet_a": "imagenet-a/{first}",
    "imagenet_v2": "imagenetv2-matched-frequency-format-val/7",
    "folder": "train/dog",
    "folder_test": "dog",
}
"""Datasets of which no list says what files there are, and one of their classes."""


@pytest.mark.parametrize("kind", OF_FOLDERS)
def test_what_systems_leave_in_a_folder_changes_nothing_and_other_files_are_said(kind, tmp_path):
    root = lay(layout(kind), tmp_path / "raw")
    parent = root / OF_FOLDERS[kind].rpartition("/")[0]
    folders = sorted(path for path in parent.iterdir() if path.is_dir())
    own = root / OF_FOLDERS[kind].replace("{first}", folders[-1].name)
    before = make(tmp_path / "before", kind, root=str(root))
    image = min(path for path in own.rglob("*") if path.is_file())
    for name in ("Thumbs.db", "._x.jpg", ".ipynb_checkpoints/x.jpg", "@eaDir/x.jpg"):
        (own / name).parent.mkdir(exist_ok=True)
        (own / name).write_bytes(image.read_bytes())
    (parent / "__MACOSX").mkdir()
    (own / "x.heic").write_bytes(b"text")
    after = make(tmp_path / "after", kind, root=str(root))
    assert (after.digest, after.sizes) == (before.digest, before.sizes)
    assert after.not_used[".heic"]["files"] == 1
    assert after.not_used[".heic"]["first"].endswith("x.heic")


@pytest.mark.parametrize("kind", ["gtsrb", "imagenet_v2", "tiny_imagenet", "eurosat", "folder"])
def test_a_class_without_images_is_named(kind, tmp_path):
    root = lay(layout(kind), tmp_path / "raw")
    parent = root / OF_FOLDERS[kind].rpartition("/")[0]
    folders = sorted(path for path in parent.iterdir() if path.is_dir())
    own = root / OF_FOLDERS[kind].replace("{first}", folders[0].name)
    for path in [path for path in own.rglob("*") if path.is_file()]:
        path.rename(path.with_suffix(".heic"))
    with pytest.raises(InputError, match=r"has no image; \d+ files? not used: \d+ \.heic"):
        make(tmp_path / "data", kind, root=str(root))
