"""The blocks of a tutorial, which are typed from top to bottom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tests.support.pages import FENCE


class Step(NamedTuple):
    """A block: what it is, the file that its first line names, if any, and its text."""

    language: str
    file: str | None
    code: str


def blocks(text: str) -> Iterator[Step]:
    for language, code in FENCE.findall(text):
        named = re.match(r"# ([\w./]+)\n", code)
        yield Step(language, named[1] if named else None, code)


def inserted(text: str, diff: str) -> str:
    """``text`` with each line of the block that has a plus behind the line above it there."""
    lines, place = text.split("\n"), 0
    for line in diff.splitlines()[1:]:
        if line.startswith("+"):
            place += 1
            lines.insert(place, line[1:])
        else:
            assert lines.count(line[1:]) == 1, line
            place = lines.index(line[1:])
    return "\n".join(lines)


def is_shown(line: str, out: str) -> bool:
    """Whether a line of a page is one of the output, or its beginning if it ends with dots."""
    (wanted,), lines = masked(line), masked(out)
    begins = wanted.endswith("…")
    return any(one.startswith(wanted[:-1]) if begins else one == wanted for one in lines)


def masked(text: str) -> list[str]:
    """Its lines without what differs between runs: numbers, and the width of columns."""
    plain = re.sub(r"[\d.,]*\d", "0", text)
    narrow = re.sub(r" +", " ", re.sub(r"-+", "-", plain))
    return [line.strip() for line in narrow.splitlines()]
