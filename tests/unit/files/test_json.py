"""Bytes that stand for a value or a file: the same for the same, and readable by others."""

import hashlib
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorvp.files import strict_json
from lorvp.files.whole import canonical, sha256, to_json


def test_sha256_is_of_the_bytes(tmp_path):
    data = os.urandom(100_000)
    (tmp_path / "file").write_bytes(data)
    assert sha256(tmp_path / "file") == hashlib.sha256(data).hexdigest()


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)  # fmt: skip


def turned(value):
    """The same value with the keys of every mapping in the other order."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(item) for item in value] if isinstance(value, list) else value


@given(plain)
def test_canonical_bytes_do_not_depend_on_the_order_of_keys(value):
    assert canonical(value) == canonical(turned(value))


def test_canonical_bytes_tell_values_apart():
    values = [1, 1.0, "1", True, None, [1], {"a": 1}, {"a": [1]}, {"b": 1}, [1, 2], [2, 1]]
    assert len({canonical(value) for value in values}) == len(values)


@pytest.mark.parametrize("dump", [canonical, to_json])
def test_no_json_that_other_programs_cannot_read(dump):
    with pytest.raises(ValueError, match="JSON"):
        dump(float("nan"))


def test_json_keeps_the_order_and_ends_in_a_newline():
    assert to_json({"b": 1, "a": "é"}) == '{\n  "b": 1,\n  "a": "é"\n}\n'


class Key(str):
    """A key that counts how often it is compared."""

    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other):
        Key.compared += 1
        return str.__eq__(self, other)


def test_a_key_that_is_there_twice_is_found_in_one_pass():
    """A file of megabytes may hold a million keys, of which the last two are the same."""
    pairs = [(Key(n), 0) for n in range(2000)] + [(Key(1999), 0)]
    with pytest.raises(ValueError, match="'1999' is there twice"):
        strict_json._without_twins(pairs)
    assert Key.compared < 20_000
