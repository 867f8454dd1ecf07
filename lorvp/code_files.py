"""One file of code: its bytes as this process has them, what it imports, a hash of its syntax."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

held: dict[Path, bytes] = {}
"""Files that are read no more, by their bytes: a process has loaded them, and keeps them."""


def source(path: Path) -> bytes:
    """The file's bytes, as they were when it was held if it was."""
    return held[path] if path in held else path.read_bytes()


def differs(path: Path) -> bool:
    """Whether the file is held, and is another by now or is no more."""
    return path in held and not (path.exists() and path.read_bytes() == held[path])


def forget() -> None:
    """Clear what is kept by path, for tests that edit code while the process runs."""
    imported.cache_clear()
    syntax.cache_clear()
    held.clear()


@cache
def imported(path: Path) -> list[str]:
    """Modules, and names taken from them, of all imports but those for types only."""
    return _imported_by(source(path))


@cache
def _imported_by(code: bytes) -> list[str]:
    return list(_imported(ast.parse(code)))


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            # `from lorvp import files` names a module too.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif not _is_for_types_only(node):
            yield from _imported(node)


def _is_for_types_only(node: ast.AST) -> bool:
    """`if TYPE_CHECKING:`, whose imports never run."""
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def content(path: Path) -> str:
    """A hash of Python by its syntax, of anything else by its bytes."""
    if path.suffix == ".py":
        return syntax(path)
    return hashlib.sha256(source(path)).hexdigest()


@cache
def syntax(path: Path) -> str:
    """A hash of the file's syntax, without what is documentation."""
    return _syntax_of(source(path))


@cache
def _syntax_of(code: bytes) -> str:
    tree = ast.parse(code)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [part for part in body if not _only_tells(part)]  # type: ignore
    # Written out again rather than dumped: a dump differs between versions of Python.
    return hashlib.sha256(ast.unparse(tree).encode()).hexdigest()


def _only_tells(node: ast.AST) -> bool:
    """A string that stands alone, which is documentation, or the declaration of an `Origin`."""
    if isinstance(node, ast.AnnAssign):
        return ast.unparse(node.annotation) == "ClassVar[Origin]"
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
