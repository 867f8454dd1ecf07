"""What files of the project import, read from the files themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def imported_by(path: str) -> set[str]:
    """All files of the project that ``path`` imports, directly or through others."""
    found, waiting = set(), [path]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [file for name in names_in(ROOT / path) for file in files_of(name)]
    return found


def names_in(path: Path) -> Iterator[str]:
    """The modules, and the names of theirs, that a file imports anywhere; and the file's own."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
    yield path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")  # its packages


def files_of(name: str) -> Iterator[str]:
    """The files of a module of the project and of the packages around it."""
    words = name.split(".")
    for n in range(1, len(words) + 1):
        place = "/".join(words[:n])
        yield from (p for p in (f"{place}.py", f"{place}/__init__.py") if (ROOT / p).is_file())
