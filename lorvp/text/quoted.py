"""Values, keys and names inside a message: on one line, without secrets, cut if they are long."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from lorvp.text.printable import as_read, printable
from lorvp.text.redacted import redacted

MANY = 40
"""Names that a message lists."""
LONGEST = 120
"""Characters of a wrong value that a message shows."""


def shown(value: Any) -> str:
    """A value in quotes (its ``repr``), cut if it is long."""
    try:
        return _cut(repr(value))
    except ValueError:  # Python prints no integer of more than 4,300 digits
        return f"a {type(value).__name__} that is too long to be shown"


def listed(names: Iterable[Any]) -> str:
    """Names without quotes, separated by commas; not all of them if they are many."""
    several = [_word(str(name)) for name in names]
    more = f" and {len(several) - MANY} more" if len(several) > MANY else ""
    return ", ".join(several[:MANY]) + more or "there is none"


def named(where: tuple[str | int, ...]) -> str:
    """A place in a file as its keys, separated by dots."""
    return ".".join(_word(str(part)) for part in where)


def _word(key: str) -> str:
    """A key without quotes, unless a reader would see nothing of it."""
    return _cut(key) if as_read(key) else shown(key)


def _cut(text: str) -> str:
    text = printable(redacted(text))  # before it is cut, which could leave half an address
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def similar(given: str, known: Iterable[str], number: int, cutoff: float) -> list[str]:
    """Up to ``number`` of the ``known`` words that are like a misspelt one; none for a word too
    long to be one of them."""
    return get_close_matches(given, known, number, cutoff) if len(given) <= LONGEST else []
