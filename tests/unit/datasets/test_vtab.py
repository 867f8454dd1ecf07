"""VTAB-1k: its lists, its sizes, and where it is looked for."""

from typing import get_args

import pytest

from lorvp.datasets.adapters.vtab import Task
from lorvp.datasets.source import Sizes
from lorvp.datasets.vtab_classes import class_names
from lorvp.errors import InputError
from tests.support.datasets.layout import lay
from tests.support.datasets.layouts import layout
from tests.support.datasets.making import config, make, seen
from tests.support.datasets.pictures import Which


def test_a_thousand_images_of_vtab_are_those_of_train_and_val(tmp_path):
    root = str(lay(layout("vtab"), tmp_path / "raw"))
    found = seen(make(tmp_path / "made", "vtab", root=root, train=1000))
    assert sorted(found["train"]) == sorted(
        Which(part, k, n) for part, number in (("train", 5), ("val", 2))
        for k in range(4) for n in range(number)
    )  # fmt: skip
    assert {which.part for which in found["val"]} == {"val"}
    assert len(found["test"]) == 12


def test_vtabs_sizes():
    """VPT's Table 7."""
    assert config("vtab", root="x").expected() == Sizes(4, 800, 200, 711)
    assert config("vtab", root="x", train=1000).expected() == Sizes(4, 1000, 200, 711)
    assert config("vtab", root="x", task="sun397").expected() == Sizes(397, 800, 200, 21_750)
    assert config("vtab", root="x", shots=16).expected() == Sizes(4, 64, 200, 711)
    tasks = [config("vtab", root="x", task=task).expected() for task in get_args(Task)]
    assert len(tasks) == 19
    assert [len(class_names(task)) for task in get_args(Task)] == [t.classes for t in tasks]


def test_vtab_is_read_where_its_archive_was_unpacked_too(tmp_path):
    root = lay(layout("vtab"), tmp_path / "raw/vtab-1k")
    assert len(config("vtab", root=str(root.parent)).source().labels_N) == 40


@pytest.mark.parametrize("line", ["images/test/000000.jpg", "images/test/000000.jpg 4", "x -1"])
def test_a_line_that_names_no_image_of_vtab_is_named(line, tmp_path):
    root = lay(layout("vtab"), tmp_path / "raw")
    with (root / "kitti/test.txt").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(InputError, match=r"kitti/test\.txt:13 should have .* 0 to 3"):
        config("vtab", root=str(root)).source()
