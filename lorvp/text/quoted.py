"""What others wrote, as a message shows it: on one line, and not all of it if it is long."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from lorvp.text.redacted import redacted

MANY = 40
"""Names that a message lists."""
LONGEST = 120
"""Characters of a wrong value that a message shows."""


def shown(value: Any) -> str:
    """A value as a message shows it: on one line, and cut off if it is long."""
    try:
        text = redacted(repr(value))  # before it is cut, which could leave half an address
    except ValueError:  # Python prints no integer of more than 4,300 digits
        return f"a {type(value).__name__} that is too long to be shown"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def listed(names: Iterable[Any]) -> str:
    """Names that somebody gave, for a message; not all of them if they are many."""
    several = [printable(str(name)) for name in names]
    more = f" and {len(several) - MANY} more" if len(several) > MANY else ""
    return ", ".join(several[:MANY]) + more or "there is none"


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
