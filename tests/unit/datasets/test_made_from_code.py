"""Which edits of the code make a prepared dataset be prepared again."""

from pathlib import Path

import pytest

from lorvp import code_digest
from lorvp.datasets import made_from
from tests.support.datasets.layouts import LAYOUTS
from tests.support.datasets.making import config

KINDS = sorted({*LAYOUTS, "digits", "letters"})


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def codes() -> dict[str, str | None]:
    code_digest.forget()
    roots = {
        "folder": {"root": "raw"},
        "folder_test": {"root": "raw"},
        "huggingface": {"path": "x"},
    }
    return {kind: made_from.of(config(kind, **roots.get(kind, {})))["code"] for kind in KINDS}


def prepared_again(path: Path, text: str) -> set[str]:
    before = codes()
    path.write_text(text)
    after = codes()
    return {kind for kind in KINDS if before[kind] != after[kind]}


FILES_OF_IMAGES = set(KINDS) - {"cifar10", "cifar100", "svhn", "digits", "letters"}


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("datasets/adapters/cifar.py", {"cifar10", "cifar100"}),
        ("datasets/adapters/digits.py", {"digits"}),
        ("datasets/adapters/folder.py", {"folder", "folder_test"}),
        ("datasets/source.py", set(KINDS)),
        ("datasets/write.py", set(KINDS)),
        ("datasets/class_names.py", set(KINDS)),
        ("datasets/manifest.py", set(KINDS)),
        ("datasets/prepared.py", set()),
        ("datasets/labelled_images.py", set()),
        ("datasets/download.py", set()),
        ("datasets/made_from.py", set()),
        ("datasets/adapters/__init__.py", set()),
        ("files/whole.py", set()),
        ("errors.py", set()),
        ("networks/frozen.py", set()),
    ],
)
def test_an_edit_prepares_what_it_can_change(package, file, expected):
    text = (package / file).read_text()
    assert prepared_again(package / file, "# a comment\n" + text) == set()
    assert prepared_again(package / file, text + "\nNEW = 1\n") == expected


@pytest.mark.parametrize(
    "file", ["images.py", "datasets/pixels/decoding.py", "datasets/pixels/view.py"]
)
def test_an_edit_of_how_files_are_read_prepares_all_of_files(package, file):
    text = (package / file).read_text()
    assert prepared_again(package / file, text + "\nNEW = 1\n") >= FILES_OF_IMAGES


def test_an_edit_of_class_names_prepares_what_takes_its_names_from_them(package):
    path = package / "datasets/imagenet_classes.py"
    found = prepared_again(path, path.read_text() + "\nNEW = 1\n")
    assert {"imagenet", "tiny_imagenet"} <= found
    assert not {"cifar10", "folder", "digits"} & found
