"""Which names of classes are refused: those that cannot be read, and those that look alike."""

import numpy as np
import pytest

from lorvp.datasets.class_names import require_class_names, require_readable
from lorvp.datasets.source import ImageArray, Source
from lorvp.errors import InputError
from lorvp.networks.sources.class_names import names_of
from tests.support.hostile_names import HIDDEN, SHOWN, is_seen


def source(names: list[str]) -> Source:
    splits = {name: np.arange(1) for name in ("train", "val", "test")}
    return Source(ImageArray(np.zeros((1, 8, 8, 3), np.uint8)), np.zeros(1), splits, names, "x")


@pytest.mark.parametrize("name", HIDDEN, ids=ascii)
def test_classes_that_cannot_be_read_are_refused_by_number(name):
    with pytest.raises(InputError, match=r"^class 1 is called .*U\+[0-9A-F]{4}.*rename") as error:
        source(["cat", name])
    assert is_seen(str(error.value))
    str(error.value).encode()  # half a character cannot be printed either


def test_classes_may_be_called_anything_else():
    source(SHOWN)


@pytest.mark.parametrize(
    ("one", "other"),
    [("a", "a"), ("é", "e\u0301"), ("cat", "cat "), ("a b", "a  b"), ("cat", "c\u200bat"),
     ("cat", "\ufeffcat"), ("a b", "a\xa0b"), ("cat", "cat\u200f")],
    ids=ascii,
)  # fmt: skip
def test_classes_that_read_the_same_are_refused(one, other):
    with pytest.raises(InputError, match="classes 0 and 2 read the same"):
        source([one, "dog", other])


@pytest.mark.parametrize("name", ["", " ", "\u200b", "\xa0"], ids=ascii)
def test_classes_without_a_name_are_refused(name):
    with pytest.raises(InputError, match="class 1 has an empty name"):
        require_class_names(["cat", name])


def test_capital_letters_tell_classes_apart():
    require_class_names(["a", "A"])


def test_a_networks_classes_may_share_a_name_but_not_hide_it(tmp_path):
    require_readable(["crane", "crane"])

    class Cfg:
        label_names = ("n1", "n2")
        label_descriptions = {"n1": "crane", "n2": "\x1b[2Jcrane"}  # noqa: RUF012

    with pytest.raises(InputError, match=r"class 1 is called .*U\+001B"):
        names_of("hub/model", 2, Cfg())
