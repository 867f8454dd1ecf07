"""What others wrote, as a message shows it: on one line, and not all of it if it is long."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from lorvp.redacted import redacted

LONGEST = 120
"""Characters of a wrong value that a message shows."""


def shown(value: Any) -> str:
    """A value as a message shows it: on one line, and cut off if it is long."""
    text = redacted(repr(value))  # before it is cut, which could leave half an address
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def named(where: tuple[str | int, ...]) -> str:
    """A place as a message names it: on one line too, whatever its keys are."""
    return ".".join(printable(str(part)) for part in where)


def printable(key: str) -> str:
    """A key without quotes, unless there is nothing to see of it."""
    if key.isprintable() and len(key) <= LONGEST and key.strip():
        return key
    return shown(key)[1:-1] if key.strip() else shown(key)


def similar(given: str, known: Iterable[str], number: int, cutoff: float) -> list[str]:
    """Words like a misspelt one; a word too long to be one of them has none."""
    return get_close_matches(given, known, number, cutoff) if len(given) <= LONGEST else []
