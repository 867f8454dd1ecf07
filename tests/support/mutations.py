"""Seeded random damage to plain data, to text and to bytes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import yaml

Place = tuple[str | int, ...]

HUGE = 10**30
VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 2, 3.5, -0.0, 1e-300, 1e300, HUGE, -HUGE, float("nan"),
    float("inf"), "", " ", "x", "on", "no", "null", "~", "1", "0.1", "1e3", "../x", "/etc/passwd",
    "a" * 5000, "ü✓", "\u202eabc", "\x1b[31m", "{}", "{0.__class__}", "%s", "kind", "lor_vp", "lp",
    "digits", "paper", "auto", "http://user:secret@localhost:1/x", "hf-hub:a/b", "local-dir:/tmp",
    [], [None], [[]], [1, 2], ["x"], [[0.5]], [{}], {}, {"kind": "x"}, {"kind": "lor_vp"},
    {"kind": ["lp", "fm"]}, {"x": 1}, {"": 1}, {"recipe": "paper"}, {"pretrained": True},
]  # fmt: skip
"""Values that replace another."""

KEYS: list[Any] = [
    "", " ", "x", "kind", "method name", "mapping name", "__class__", "model_config", "a.b", "../x",
    "<<", "null", "seed", "dataset", "name", "recipe", "k" * 300, "ü", "where", 1, True, None, 0.5,
]  # fmt: skip

SNIPPETS = [
    "\t", "  ", "- ", ": ", "{", "}", "[", "]", "&a ", "*a", "<<: *a\n", "!!str ", "!!binary ",
    "!!set ", "!x ", "#", "'", '"', "|\n", ">\n", "---\n", "...\n", "%YAML 1.1\n", "? ", "~",
    "\0", "\ufeff", "\r", "\x85", "\u2028", "on", "1e400", ".nan", "0x1F", "1_0", "? [a]\n: b\n",
    "2001-99-99", "x: &x [1, 2]\ny: [*x, *x]\n", "!!int x", "=", "!!python/object:os.system ",
]  # fmt: skip


def places(data: Any, at: Place = ()) -> Iterator[Place]:
    """The places of all values in plain data, at any depth."""
    keys = data if isinstance(data, dict) else range(len(data) if isinstance(data, list) else 0)
    for key, value in [(key, data[key]) for key in keys]:
        yield (*at, key)
        yield from places(value, (*at, key))


def at(data: Any, place: Place) -> Any:
    """The value at a place."""
    for part in place:
        data = data[part]
    return data


def edited(data: Any, random: Random) -> Any:
    """A copy of plain data with one to three changes, each of one value."""
    data = copy.deepcopy(data)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        found = list(places(data))
        if found:
            *outer, key = random.choice(found)
            random.choice(EDITS)(at(data, tuple(outer)), key, random, data)
    return data


def _replace(home: Any, key: Any, random: Random, data: Any) -> None:
    home[key] = copy.deepcopy(random.choice(VALUES))


def _delete(home: Any, key: Any, random: Random, data: Any) -> None:
    del home[key]


def _rename(home: Any, key: Any, random: Random, data: Any) -> None:
    if isinstance(home, dict):
        new = random.choice([*KEYS, f"{key}s", str(key)[:-1], str(key).upper()])
        items = [(new if k == key else k, v) for k, v in home.items()]
        home.clear()
        home.update(items)


def _insert(home: Any, key: Any, random: Random, data: Any) -> None:
    value = copy.deepcopy(random.choice(VALUES))
    if isinstance(home, dict):
        home[random.choice(KEYS)] = value
    else:
        home.insert(random.randrange(len(home) + 1), value)


def _wrap(home: Any, key: Any, random: Random, data: Any) -> None:
    home[key] = random.choice([[home[key]], [home[key], home[key]], {"x": home[key]}])


def _move(home: Any, key: Any, random: Random, data: Any) -> None:
    other = at(data, random.choice(list(places(data))))
    home[key] = copy.deepcopy(other)


def _scale(home: Any, key: Any, random: Random, data: Any) -> None:
    value = home[key]
    if isinstance(value, int | float) and not isinstance(value, bool):
        home[key] = random.choice(
            [-value, value * 10, value / 3, value + 1, float(value), str(value)]
        )
    else:
        _replace(home, key, random, data)


EDITS: list[Callable] = [_replace, _replace, _delete, _rename, _insert, _wrap, _move, _scale]


def as_yaml(data: Any) -> bytes:
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True).encode()


def mangled(content: bytes, random: Random) -> bytes:
    """Bytes with one change."""
    return random.choice(MANGLERS)(content, random)


def _flip(content: bytes, random: Random) -> bytes:
    where = random.randrange(len(content))
    return (
        content[:where] + bytes([content[where] ^ 1 << random.randrange(8)]) + content[where + 1 :]
    )


def _cut(content: bytes, random: Random) -> bytes:
    return content[: random.randrange(len(content))]


def _snippet(content: bytes, random: Random) -> bytes:
    where = random.randrange(len(content) + 1)
    return content[:where] + random.choice(SNIPPETS).encode() + content[where:]


def _line(content: bytes, random: Random) -> bytes:
    lines = content.splitlines(keepends=True)
    one, other = (random.randrange(len(lines)) for _ in range(2))
    match random.randrange(5):
        case 0:
            del lines[one]
        case 1:
            lines.insert(other, lines[one])
        case 2:
            lines[one], lines[other] = lines[other], lines[one]
        case 3:
            lines[one] = b"  " + lines[one]
        case _:
            lines[one] = lines[one].lstrip()
    return b"".join(lines)


def _encoding(content: bytes, random: Random) -> bytes:
    text = content.decode(errors="replace")
    return random.choice([
        text.encode("utf-16"), text.encode("utf-32"), b"\xef\xbb\xbf" + content,
        text.replace("\n", "\r\n").encode(), text.replace("\n", "\r").encode(), content + b"\xff",
        text.replace("  ", "\t", 1).encode(), b"\0" * 50, random.randbytes(200), b"",
    ])  # fmt: skip


MANGLERS: list[Callable[[bytes, Random], bytes]] = [
    _flip, _flip, _cut, _snippet, _snippet, _snippet, _line, _line, _line, _encoding,
]  # fmt: skip
