"""Files in a dataset's folders that are not used: counted by kind, the first of each named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lorvp.text.printable import printable

NotUsed = dict[str, list[Path]]
"""Files by kind: an ending such as ``.txt``, or a few words."""

CONVERT = {".heic", ".heif", ".hif", ".cr2", ".cr3", ".nef", ".arw", ".dng", ".raf", ".jxl"}
"""Endings of photographs that Pillow alone does not read."""


def below(path: Path, root: Path) -> str:
    """The path relative to ``root``, or the bare name of a file outside of it; printable."""
    inside = path.is_relative_to(root)
    return printable(path.relative_to(root).as_posix() if inside else path.name)


def ending(path: Path) -> str:
    """``.txt``, or ``without ending``."""
    return printable(path.suffix) or "without ending"


def facts(not_used: NotUsed, root: Path) -> dict[str, dict[str, Any]]:
    """For the manifest: number and first file of each kind, the most frequent kind first."""
    in_order = sorted(not_used.items(), key=lambda item: (-len(item[1]), item[0]))
    return {
        kind: {"files": len(paths), "first": below(min(paths), root)} for kind, paths in in_order
    }


def told(counted: Mapping[str, Mapping[str, Any]]) -> str:
    """``3 files not used: 2 .HEIC, 1 .txt (first: cat/a.HEIC)``; empty if all files are used."""
    if not counted:
        return ""
    number = sum(kind["files"] for kind in counted.values())
    kinds = ", ".join(f"{facts['files']:,} {kind}" for kind, facts in counted.items())
    first = next(iter(counted.values()))["first"]
    files = "file" if number == 1 else "files"
    return f"{number:,} {files} not used: {kinds} (first: {first}){_advice(counted)}"


def _advice(kinds: Mapping[str, Any]) -> str:
    unread = [kind for kind in kinds if kind.lower() in CONVERT]
    if not unread:
        return ""
    return f"; {' and '.join(unread)} cannot be read here: convert them to JPEG or PNG to use them"
