"""Checks of all text in params.yaml, whatever its key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lorvp.text.printable import hidden
from lorvp.text.problems import Problem, Where
from lorvp.text.quoted import shown


def unprintable_text(
    part: Any, where: Where = (), seen: set[int] | None = None
) -> Iterator[Problem]:
    """Text with a character that no table, terminal or page can show.

    A part that occurs in several places by way of an alias is checked once.
    """
    seen = set() if seen is None else seen
    if id(part) in seen:
        return
    if isinstance(part, dict | list):
        seen.add(id(part))
        for key, value in part.items() if isinstance(part, dict) else enumerate(part):
            yield from unprintable_text(key, (*where, key))
            yield from unprintable_text(value, (*where, key), seen)
    elif isinstance(part, str) and (code := hidden(part)):
        yield Problem(where, f"the character {code} in {shown(part)} cannot be shown")


def names_alike(sections: dict) -> Iterator[Problem]:
    """Names that differ only in capital letters: many file systems take them for one folder."""
    for section in ("datasets", "checkpoints"):
        names = sections.get(section)
        first: dict[str, str] = {}
        for name in names if isinstance(names, dict) else ():
            if isinstance(name, str) and first.setdefault(name.lower(), name) != name:
                other = first[name.lower()]
                message = f"is {other!r} to file systems that know no capital letters"
                yield Problem((section, name), message)
