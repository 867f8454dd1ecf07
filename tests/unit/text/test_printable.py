"""One rule for all text from others: a character that cannot be shown is written as its escape."""

import ast
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorvp.text.printable import hidden, printable
from lorvp.text.quoted import LONGEST, listed, named, shown
from tests.support.hostile_names import HIDDEN, SHOWN, is_seen

WITHOUT_HALVES = st.characters(exclude_categories=["Cs"], exclude_characters="\\")


@given(st.text(WITHOUT_HALVES, max_size=20))
def test_python_reads_the_escapes_back(text):
    found = printable(text)
    assert is_seen(found)
    assert len(f"x{found}".splitlines()) == 1
    assert ast.literal_eval(f'"{found.replace(chr(34), chr(92) + chr(34))}"') == text


@pytest.mark.parametrize("name", SHOWN, ids=ascii)
def test_what_can_be_shown_stays(name):
    assert printable(name) == name
    assert hidden(name) is None


ESCAPED = [
    r"a\nb",
    r"a\tb",
    r"a\x00b",
    r"\x1b[31mred",
    r"\u202egnp.exe",
    r"a\u2028b",
    r"\x80",
    r"\u2066x",
]


@pytest.mark.parametrize(("name", "escaped"), [*zip(HIDDEN, ESCAPED, strict=True)], ids=ascii)
def test_messages_show_the_same_escape_wherever_a_name_stands(name, escaped):
    assert printable(name) == escaped
    assert named(("grid", name)) == f"grid.{escaped}"
    assert listed([name, "b"]) == f"{escaped}, b"
    if name != "\udc80":  # in quotes it is half a character, as in YAML, and no byte
        assert shown(name) == f"'{escaped}'"


def test_half_a_character_is_shown_as_its_number():
    assert printable("a\ud800") == r"a\ud800"


def test_a_file_whose_name_is_no_utf8_is_shown_with_its_bytes():
    assert printable(Path(os.fsdecode(b"caf\xe9/a\nb"))) == r"caf\xe9/a\nb"
    assert printable("café") == "café"


@pytest.mark.parametrize("key", ["", " ", "\u200b", "\xa0"], ids=ascii)
def test_a_key_that_nobody_would_see_is_in_quotes(key):
    assert named(("a", key)) == f"a.{key!r}"


def test_what_is_long_is_cut_and_its_secrets_are_hidden_before():
    secret = "https://user:" + "x" * LONGEST + "@host/"
    assert named((secret,)) == "https://***@host/"
    assert shown([secret]) == "['https://***@host/']"
    assert listed(["y" * 2 * LONGEST]) == "y" * LONGEST + "…"


def test_many_names_are_counted():
    assert listed(map(str, range(42))).endswith("38, 39 and 2 more")
    assert listed([]) == "there is none"
