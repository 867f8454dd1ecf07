"""A hash of the code that a result depends on; comments and formatting do not count.

Starting from some modules, imports within this package are followed. Files named
``__init__.py`` only list names (a test holds them to it) and are not followed: what a trial
takes from a list is known from its settings, so editing one method leaves the others alone.

Of a package of other people that brings kinds (`lorvp.plugins`), all files count as soon as one of
its modules is reached: Python by its syntax, others by their bytes.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from lorvp import code_files
from lorvp.plugins import code as plugins

ROOT = Path(__file__).parent.parent

GROUND = frozenset({
    "lorvp.code_digest", "lorvp.code_files", "lorvp.errors", "lorvp.files", "lorvp.plugins",
    "lorvp.settings", "lorvp.text", "lorvp.version",
})  # fmt: skip
"""Modules and folders that never count: they compute no number. An edit of them can only break a
result, and most only word messages."""

PIXELS = frozenset({"lorvp.datasets.pixels"})
"""Modules that decide only stored pixels, which have a hash of their own."""


def digest_of(modules: Iterable[str], apart: Iterable[str] = ()) -> str:
    """Hex digest over the syntax trees of ``modules`` and all they import from ``lorvp``.

    Modules and folders in ``apart`` and in GROUND, and what only they import, do not count.
    """
    return _digest_of(ROOT, frozenset(modules), GROUND.union(apart))


@cache
def _digest_of(root: Path, modules: frozenset[str], apart: frozenset[str]) -> str:
    """Cached: thousands of trials ask for a few digests, which take 8 ms each."""
    total = hashlib.sha256()
    reached = closure(modules, apart)
    for module in sorted(m for m in reached if plugins.package_of(m) is None):
        total.update(f"{module}={code_files.syntax(_file(module))};".encode())
    for package in sorted({p for m in reached if (p := plugins.package_of(m)) is not None}):
        for name, path in plugins.files(package).items():
            total.update(f"{name}={code_files.content(path)};".encode())
    return total.hexdigest()[:16]


def closure(modules: Iterable[str], apart: Iterable[str] = ()) -> set[str]:
    """The modules reached from ``modules`` by imports, themselves included.

    Imports of modules in ``apart``, or in folders that it names, are not followed.
    """
    found: set[str] = set()
    waiting, stop = list(modules), set(apart)
    while waiting:
        module = waiting.pop()
        known = module in found or not stop.isdisjoint(_with_folders(module))
        if not known and _file(module).exists():
            found.add(module)
            waiting += _named_in(module)
    return found


def _named_in(module: str) -> Iterator[str]:
    """What a module imports; with a module of other people's, all files of its package do."""
    if (package := plugins.package_of(module)) is None:
        yield from _imports(_file(module))
        return
    for path in plugins.files(package).values():
        if path.suffix == ".py":
            yield from _imports_of_others(path)


def _with_folders(module: str) -> Iterator[str]:
    """``a.b.c``, then ``a.b``, then ``a``."""
    while module:
        yield module
        module = module.rpartition(".")[0]


def hold() -> None:
    """Hash the code as it is now from now on, for a process that has loaded it and keeps it even if
    the files change."""
    for path in [*(ROOT / "lorvp").rglob("*.py"), *_files_of_others()]:
        code_files.held[path] = path.read_bytes()
    _loaded_before.update(sys.modules)


def loaded_otherwise() -> list[str]:
    """Modules that this process has loaded since ``hold`` from files that had changed by then."""
    new = sys.modules.keys() - _loaded_before
    late = [name for name in new if name.startswith("lorvp.") or plugins.package_of(name)]
    return sorted(name for name in late if code_files.differs(_file(name)))


def forget() -> None:
    """Hash the code as it is now again, for tests that edit it while the process runs."""
    _digest_of.cache_clear()
    code_files.forget()
    plugins.forget_files()
    _loaded_before.clear()


def _file(module: str) -> Path:
    if (path := plugins.file_of(module)) is not None:
        return path
    return _own_file(ROOT, module)


@cache
def _own_file(root: Path, module: str) -> Path:
    return root.joinpath(*module.split(".")).with_suffix(".py")


_loaded_before: set[str] = set()


def syntax_now(path: Path) -> str:
    """A hash of the file's syntax as it is now, without what is documentation."""
    return code_files.syntax.__wrapped__(path)


def _imports(path: Path) -> list[str]:
    return [name for name in code_files.imported(path) if name.startswith("lorvp.")]


def _imports_of_others(path: Path) -> list[str]:
    """Also what `lorvp` itself gives out, whichever name of it is taken."""
    names = code_files.imported(path)
    given = _imported_for_types(ROOT / "lorvp" / "__init__.py") if "lorvp" in names else []
    return [*names, *given]


def _imported_for_types(path: Path) -> list[str]:
    nodes = ast.walk(ast.parse(code_files.source(path)))
    return [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]


def _files_of_others() -> Iterator[Path]:
    for package in plugins.packages():
        yield from plugins.files(package).values()
