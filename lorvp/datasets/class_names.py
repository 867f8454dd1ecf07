"""Refuse names of classes that cannot be read, or that look like the name of another class.

A class may otherwise have any name, in any script.
"""

from __future__ import annotations

from collections.abc import Sequence

from lorvp.errors import InputError
from lorvp.text.printable import as_read, hidden
from lorvp.text.quoted import shown


def require_class_names(names: Sequence[str]) -> None:
    """Raise InputError if a name cannot be read, or looks like another."""
    require_readable(names)
    require_distinct(names)


def require_readable(names: Sequence[str]) -> None:
    """Raise InputError if a name is empty or has a character that cannot be shown."""
    for number, name in enumerate(names):
        if code := hidden(name):
            raise InputError(
                f"class {number} is called {shown(name)}: {code} cannot be shown; rename it"
            )
        if not as_read(name):
            raise InputError(f"class {number} has an empty name; give it one")


def require_distinct(names: Sequence[str]) -> None:
    """Raise InputError if two names look the same, even if their characters differ."""
    first: dict[str, int] = {}
    for number, name in enumerate(names):
        other = first.setdefault(as_read(name), number)
        if other != number:
            raise InputError(
                f"classes {other} and {number} read the same, {shown(name)}: no table could tell "
                "them apart; rename one"
            )
