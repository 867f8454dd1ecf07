"""The project's Markdown pages: blocks of code, code in sentences, commands and links."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
FOLDERS = (
    "", ".site/learn", "data", "data/presets", "lorvp/**", "tasks/**", "flows/**", "tests/**",
)  # fmt: skip
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for folder in FOLDERS
    for path in sorted(ROOT.glob(f"{folder}/*.md".lstrip("/")))
}
"""The text of each page that is written by hand, by its path."""
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """A block of code on a page."""

    page: str
    language: str
    code: str


BLOCKS = [Block(page, *found) for page, text in PAGES.items() for found in FENCE.findall(text)]


def prose(page: str) -> str:
    """The text of a page without its blocks of code."""
    return FENCE.sub("", PAGES[page])


def spans(page: str) -> list[str]:
    """The code in the sentences and tables of a page."""
    return re.findall(r"(?<!`)`([^`\n]+(?:\n[^`\n]+)?)`(?!`)", prose(page))


def headings(page: str) -> list[str]:
    """The headings of a page without their marks."""
    return re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)


def links(page: str) -> list[str]:
    """Where the links and pictures of a page lead."""
    return re.findall(r"\]\(([^)\s]+)\)", prose(page))


def commands(heading: str, page: str = "README.md") -> list[str]:
    """The lines to type between a heading, with its marks, and the next heading."""
    found: list[str] | None = None
    language = None
    for line in PAGES[page].splitlines():
        if line.startswith("```"):
            language = None if language is not None else line.removeprefix("```")
        elif language is None and line.startswith("#"):
            if found is not None:
                break
            found = [] if line == heading else None
        elif language == "sh" and found is not None:
            found.append(line)
    assert found is not None, f"{page} has no heading {heading}"
    return found


def snippet(word: str) -> str:
    """The one block of Python on all pages that has this word."""
    [code] = [block.code for block in BLOCKS if block.language == "python" and word in block.code]
    return code
