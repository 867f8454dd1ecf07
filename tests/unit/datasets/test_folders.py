"""Folders as users have them: each file is used, or counted and named, or one message says why."""

import pytest

from lorvp.errors import InputError
from tests.support.datasets.making import config, make, per_class, seen
from tests.support.datasets.pictures import Which
from tests.support.datasets.trees import IGNORED, Tree, classes, lay, pictures, splits

OTHER = Which("all", 0, 11)
"""Of the class cat, and like none of the ten."""
TEN, FIVE, OWN = [7, 1, 2], [4, 1, 2], [5, 2, 2]
"""Of ten, a fifth to test on, and a tenth of the rest, rounded, to validate; of five, one."""


def three(val: str) -> Tree:
    """With pictures to validate on in the folder ``val``."""
    return splits() | pictures(val + "/{}/{}.png", "val", 2)


# Images of each class in train, val and test (None: they are not the same for each); files that
# are not used, by what they are.
RIGHT: dict[str, tuple[Tree, list[int] | None, dict[str, int]]] = {
    "classes": (classes(), TEN, {}),
    "splits": (splits(), FIVE, {}),
    "val": (three("val"), OWN, {}),
    "valid": (three("valid"), OWN, {}),
    "Validation": (three("Validation"), OWN, {}),
    "dev": (three("dev"), OWN, {}),
    "Training and TESTING": (splits("Training", "TESTING"), FIVE, {}),
    "train alone": (pictures("train/{}/{}.png", "train", 10), TEN, {}),
    "train and valid": (
        pictures("train/{}/{}.png", "train", 5) | pictures("valid/{}/{}.png", "val", 2),
        [4, 2, 1], {},
    ),
    "deeper": (pictures("{}/more/deeper/{}.png", "all", 10), TEN, {}),
    "systems' files": (classes() | IGNORED, TEN, {}),
    "hidden": (classes() | {".old/9.png": OTHER, "cat/.9.png": OTHER}, TEN, {"hidden": 2}),
    "other endings": (
        classes() | {"cat/a.HEIC": b"", "dog/b.HEIC": b"", "cat/n.txt": b"", "README": b""},
        TEN, {".HEIC": 2, ".txt": 1, "without ending": 1},
    ),
    "outside of classes": (
        splits() | {"x.png": OTHER, "train/y.jpg": b""}, FIVE,
        {".jpg outside of class folders": 1, ".png outside of class folders": 1},
    ),
    "a folder without images beside splits": (splits() | {"notes/a.txt": b""}, FIVE, {".txt": 1}),
    "one class in two forms of Unicode": (
        pictures("train/{}/{}.png", "train", 5, ["e\u0301te\u0301", "hiver", "printemps"])
        | pictures("test/{}/{}.png", "test", 2, ["\u00e9t\u00e9", "hiver", "printemps"]), FIVE, {},
    ),
    "one class with _ and without": (
        pictures("train/{}/{}.png", "train", 5, ["a_cow", "big_cat", "dog"])
        | pictures("test/{}/{}.png", "test", 2, ["a cow", "big cat", "dog"]), FIVE, {},
    ),
    "two classes but for capitals": (pictures("{}/{}.png", "all", 10, ["A", "a", "b"]), TEN, {}),
    "a file of other bytes than UTF-8": (classes() | {b"cat/\xff\n.png": OTHER}, None, {}),
    "links to files elsewhere": (
        pictures("../pool/{}/{}.png", "all", 10)
        | {name: f"-> ../../pool/{name}" for name in classes()}, TEN, {},
    ),
    "links to folders elsewhere": (
        pictures("../pool/{}/{}.png", "all", 10)
        | {name: f"-> ../pool/{name}" for name in ("cat", "cow", "dog")}, TEN, {},
    ),
    "links to files that are there": (
        classes() | {"cat/0a.png": "-> 1.png", "cow/x.png": "-> ../cat/1.png"}, TEN,
        {"link to what is read already": 2},
    ),
    "two links to a file elsewhere": (
        classes() | {"../x.png": OTHER, "cat/a.png": "-> ../../x.png", "cat/b.png": "-> a.png"},
        None, {"link to what is read already": 1},
    ),
    "links to folders that are there": (
        classes() | {"cat/z/9.png": OTHER, "cat/a": "-> z", "cat/b": "-> ../cow"}, None,
        {"link to what is read already": 2},
    ),
    "loops": (
        classes() | {"cat/loop": "-> ..", "dog/up": "-> ../../..", "cow/own": "-> ."}, TEN,
        {"link to a folder above it": 2, "link to what is read already": 1},
    ),
    "links to nothing": (
        classes() | {"cat/self": "-> self", "cat/gone": "-> nowhere/x"}, TEN, {"link to nothing": 2}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_each_image_is_in_one_split_with_its_label_and_the_rest_is_counted(name, tmp_path):
    tree, expected, rest = RIGHT[name]
    data = make(tmp_path / "data", "folder", root=lay(tmp_path / "raw/mine", tree), size=8)
    found = seen(data)
    if expected:
        assert [per_class(rows, 3) for rows in found.values()] == [[n] * 3 for n in expected]
    wanted = [w for path, w in tree.items() if isinstance(w, Which)]
    if name in ("systems' files", "hidden", "outside of classes"):
        wanted = [which for which in wanted if which != OTHER]
    assert sorted(which for rows in found.values() for which in rows) == sorted(wanted)
    drawn = {which.part for which in found["test"]} - {"train", "all"}
    assert drawn <= {"test"}
    assert "test" not in {which.part for which in found["train"] + found["val"]}
    assert {kind: facts["files"] for kind, facts in data.not_used.items()} == rest


WRONG: dict[str, tuple[Tree, str]] = {
    "two names of a split": (
        three("val") | pictures("valid/{}/{}.png", "val", 2),
        r"has val and valid, both of which are names of the val split",
    ),
    "two cases of a split": (
        splits() | pictures("Train/{}/{}.png", "train", 5), "has Train and train, both"
    ),
    "a split beside classes": (
        classes() | pictures("Train/{}/{}.png", "train", 5),
        "has Train, named as a split, and beside it .* that are none: cat, cow, dog",
    ),
    "a split of another name": (
        splits() | pictures("holdout/{}/{}.png", "val", 2), "that are none: holdout"
    ),
    "test without train": (pictures("Test/{}/{}.png", "test", 2), "a folder Test, but no train"),
    "names that only look like splits": (
        splits("seg_train", "seg_test"), "seg_test, seg_train, which look like splits"
    ),
    "names with years": (splits("train2017", "val2017"), "train2017, val2017, which look like"),
    "splits inside of classes": (
        pictures("{}/train/{}.png", "train", 5) | pictures("{}/test/{}.png", "test", 2),
        r"cat/test is named as a split, but lies in a class: .* as test/cat",
    ),
    "a folder too deep": (pictures("photos/{}/{}.png", "all", 5), "is .*/photos meant"),
    "a class of HEIC": (
        classes() | {"bird/1.HEIC": b"", "bird/2.HEIC": b""},
        r"bird has no image; 2 files not used: 2 \.HEIC \(first: bird/1\.HEIC\); "
        r"\.HEIC cannot be read here: convert them to JPEG or PNG",
    ),
    "a class that links to another": (
        classes() | {"bird": "-> cat"}, "bird has no image; 1 file not used: 1 link to what is read"
    ),
    "a class that links to nothing": (
        classes() | {"bird": "-> /unmounted/bird"}, "bird has no image; .* 1 link to nothing"
    ),
    "a test split that links to train": (
        splits(test="x") | {"../y": b"", "test": "-> train"}, "that are none: x"
    ),
    "test is a link to train": (
        pictures("train/{}/{}.png", "train", 5) | {"test": "-> train"}, "test has 0 folders"
    ),
    "a class of other bytes": (
        classes() | {b"b\xefrd/1.png": OTHER}, r"has a class 'b\\xefrd', which cannot be printed"
    ),
    "a class with controls": (classes() | {"bi\033rd/1.png": OTHER}, r"'bi\\x1brd', which cannot"),
    "a class without a letter": (classes() | {"_/1.png": OTHER}, "'_', which cannot be printed"),
    "one name but for _": (
        classes() | {"big_cat/1.png": OTHER, "big cat/1.png": OTHER},
        "both called 'big cat': 'big cat' and 'big_cat'",
    ),
    "one name in two forms of Unicode": (
        classes() | {"\u00e9/1.png": OTHER, "e\u0301/1.png": OTHER},
        r"both called 'é': 'e\\u0301' and '\\xe9'",
    ),
    "a link to an image that is not there": (
        classes() | {"cat/x.png": "-> gone.png"}, r"1 images cannot be read.*\n.*cat/x\.png"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_one_message_says_what_is_wrong(name, tmp_path):
    tree, message = WRONG[name]
    with pytest.raises(InputError, match=message) as error:
        make(tmp_path / "data", "folder", root=lay(tmp_path / "raw/mine", tree), size=8)
    str(error.value).encode()  # as a terminal is told
    assert not (tmp_path / "data").exists()


def test_classes_that_differ_in_capitals_are_noted(tmp_path):
    """They may be meant, as letters are."""
    root = lay(tmp_path / "raw", pictures("{}/{}.png", "all", 10, ["A", "a", "b"]))
    data = make(tmp_path / "data", "folder", root=root, size=8)
    assert data.class_names == ["A", "a", "b"]
    assert data.notes == ["the classes A and a differ in nothing but capital letters"]


def test_images_to_be_tested_on_are_no_splits(tmp_path):
    root = lay(tmp_path / "raw", splits() | IGNORED)
    with pytest.raises(InputError, match=r"has test, train, which .* such as .*/train$"):
        config("folder_test", root=root).source()
    data = make(tmp_path / "data", "folder_test", root=f"{root}/test", size=8)
    assert data.sizes == {"train": 0, "val": 0, "test": 6}


def test_a_fifo_is_not_waited_for(tmp_path):
    import os

    root = lay(tmp_path / "raw", classes())
    os.mkfifo(tmp_path / "raw/cat/x.png")
    data = make(tmp_path / "data", "folder", root=root, size=8)
    first = {"files": 1, "first": "cat/x.png"}
    assert data.not_used == {"that is no regular file": first}
