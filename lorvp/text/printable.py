"""Text from others on one line, in which characters that cannot be shown are escaped.

Class names, file names, keys and values may hold line breaks, commands to the terminal, bytes that
are no UTF-8, or marks that turn the text around them. All messages, tables and pages write these by
one rule, Python's escapes: ``\\n``, ``\\x1b``, ``\\u202e``. All other characters stay.
"""

from __future__ import annotations

import os
import unicodedata

TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that set the direction of the text behind them, so that it can pose as another."""
HIDDEN = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode's categories of what is no text: control characters, half characters, line breaks."""


def printable(text: str | os.PathLike[str]) -> str:
    """``text`` with an escape for each character that cannot be shown; valid UTF-8."""
    return "".join(_escape(c) if _is_hidden(c) else c for c in os.fspath(text))


def hidden(text: str) -> str | None:
    """The first character that cannot be shown, such as ``U+202E``; None if there is none."""
    return next((f"U+{ord(c):04X}" for c in text if _is_hidden(c)), None)


def as_read(name: str) -> str:
    """``name`` as a reader sees it: composed characters (NFC), single spaces, no marks without
    width. Two names that give the same text look alike."""
    seen = (c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c) != "Cf")
    return " ".join("".join(seen).split())


def _is_hidden(character: str) -> bool:
    return character in TURNING or unicodedata.category(character) in HIDDEN


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python holds a byte of a file's name that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()
