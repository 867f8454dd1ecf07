"""Files of sentences: what is taken of them, and what is refused in one clear line."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorvp.errors import InputError
from lorvp.mappings.attrvr import AttrVrConfig
from lorvp.mappings.descriptions import sentences
from lorvp.mappings.prm import PrmConfig
from lorvp.mappings.rvp import RvpConfig

LONG = "with a tail of twenty letters or more"


def written(folder: Path, content: object) -> Path:
    path = folder / "bank.json"
    path.write_text(json.dumps(content))
    return path


def of(animal: str, number: int) -> list[str]:
    return [f"{animal} {n} {LONG}" for n in range(number)]


def test_the_first_of_each_class_are_taken_in_the_order_of_the_classes(tmp_path):
    path = written(tmp_path, {"a dog": of("dog", 5), "Cat": of("cat", 4), "not asked for": 3})
    found = sentences(path, ["cat", "A_dog"], 3)
    assert found == [of("cat", 3), of("dog", 3)]


@given(st.integers(1, 6), st.integers(1, 15))
def test_few_are_repeated_in_turn(tmp_path_factory, number, wanted):
    path = written(tmp_path_factory.mktemp("bank"), {"cat": of("cat", number)})
    (found,) = sentences(path, ["cat"], wanted)
    assert found == [of("cat", number)[m % number] for m in range(wanted)]


def test_twins_and_short_sentences_do_not_count(tmp_path):
    path = written(tmp_path, {"cat": ["x" * 19, "y" * 20, "y" * 20, "z" * 21]})
    assert sentences(path, ["cat"], 2, least=2) == [["y" * 20, "z" * 21]]
    with pytest.raises(InputError, match=r"at least 3 different sentences of 20 .* cat \(2\)"):
        sentences(path, ["cat"], 3, least=3)


WRONG = [
    ({"cat": of("cat", 2)}, r"no sentences for 2 of 3 classes: dog, great owl\. It has: cat"),
    ({"cat": [], "dog": of("d", 1), "great owl": ["short"]}, r"for cat \(0\), great owl \(0\)"),
    ({"cat": "a word", "dog": of("d", 1), "great owl": of("o", 1)}, "'cat' has no list"),
    ({"cat": [1], "dog": of("d", 1), "great owl": of("o", 1)}, "'cat' has no list"),
    ({"great owl": of("o", 1), "Great_Owl": of("o", 1)}, "two keys are the name 'great owl'"),
    ([of("cat", 2)], "holds no classes; such a file is JSON"),
]


@pytest.mark.parametrize(("content", "message"), WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_said_with_the_file_and_the_class(tmp_path, content, message):
    path = written(tmp_path, content)
    with pytest.raises(InputError, match=message) as caught:
        sentences(path, ["cat", "dog", "great owl"], 1)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_file_or_no_json_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"there is no file .*bank\.json; such a file is JSON"):
        sentences(tmp_path / "bank.json", ["cat"], 1)
    (tmp_path / "bank.json").write_text("{")
    with pytest.raises(InputError, match=r"bank\.json is no JSON"):
        sentences(tmp_path / "bank.json", ["cat"], 1)


def test_a_changed_file_is_read_anew(tmp_path):
    path = written(tmp_path, {"cat": of("cat", 1)})
    assert sentences(path, ["cat"], 1) == [of("cat", 1)]
    written(tmp_path, {"cat": of("another cat", 1)})
    assert sentences(path, ["cat"], 1) == [of("another cat", 1)]


@pytest.mark.parametrize(
    ("config", "field", "least"),
    [
        (AttrVrConfig(), "descriptive", 3),
        (AttrVrConfig(nearest=2), "descriptive", 2),
        (PrmConfig(), "descriptions", 3),
        (RvpConfig(), "descriptions", 1),
    ],
    ids=str,
)
def test_a_mapping_names_the_field_and_how_many_it_needs(tmp_path, config, field, least):
    config = config.with_files(
        dict.fromkeys(config.files, written(tmp_path, {"cat": of("cat", least)}))
    )
    config.require_files(["cat"])
    written(tmp_path, {"cat": of("cat", least - 1)})
    with pytest.raises(InputError, match=rf"^{field}: .*at least {least} different .*cat"):
        config.require_files(["cat"])


def test_files_are_named_by_the_dataset():
    assert AttrVrConfig().of_dataset("pets").files == {
        "descriptive": Path("data/descriptions/pets_des.json"),
        "distinctive": Path("data/descriptions/pets_dist.json"),
    }
    alone = AttrVrConfig(descriptive="own/{dataset}/bank.json", distinctive=None)
    assert alone.of_dataset("pets").files == {"descriptive": Path("own/pets/bank.json")}
