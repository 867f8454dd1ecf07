"""The code of packages that bring kinds: part of the identity of each trial that uses one.

All files of a package count, since a stranger's code may load any of them. What it imports of
further packages does not, as little as torch does.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from lorvp.plugins import found
from lorvp.plugins.found import OWN, Found, every, with_kinds
from lorvp.settings import Settings

COMPILED = "__pycache__"


@cache
def packages() -> dict[str, Path]:
    """The folder, or the single file, of each package that brings kinds, by its dotted name."""
    places: dict[str, Path] = {}
    for each in every():
        for name in (each.point.module, *_beside(each)):
            if name.partition(".")[0] != OWN:
                places |= _place(name)
    return places


def _beside(each: Found) -> set[str]:
    """The other packages that were installed with it."""
    files = with_kinds()[each.distribution].files or []
    top = {file.parts[0] for file in files if file.suffix == ".py" and ".." not in file.parts}
    return {name.removesuffix(".py") for name in top}


def _place(module: str) -> dict[str, Path]:
    """The outermost package of a module that is a folder of its own; namespaces, which others
    share, are none."""
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        name = ".".join(parts[:depth])
        try:
            spec = find_spec(name)
        except (ImportError, ValueError):  # refused with its reason when it is imported
            return {}
        if spec is None:
            return {}
        if spec.has_location and spec.origin:
            file = Path(spec.origin)
            return {name: file.parent if file.name == "__init__.py" else file}
    return {}


def package_of(module: str) -> str | None:
    """The package of `packages` in which a module lies."""
    while module and module not in packages():
        module = module.rpartition(".")[0]
    return module or None


def file_of(module: str) -> Path | None:
    """The file of a module of such a package, whether it is there or not."""
    if (package := package_of(module)) is None:
        return None
    root = packages()[package]
    if root.suffix == ".py":
        return root
    below = root.joinpath(*module.split(".")[package.count(".") + 1 :])
    return below / "__init__.py" if below.is_dir() else below.with_suffix(".py")


@cache
def files(package: str) -> dict[str, Path]:
    """All files of a package, by what they are called in it."""
    root = packages()[package]
    if root.is_file():
        return {package: root}
    inside = (path for path in sorted(root.rglob("*")) if path.is_file())
    return {
        f"{package}/{path.relative_to(root).as_posix()}": path
        for path in inside
        if COMPILED not in path.parts
    }


def made_by(parts: list[Settings]) -> dict[str, str]:
    """The packages of other people whose settings these are, with their versions."""
    used = {package_of(type(part).__module__) for part in parts}
    known = ((package_of(each.point.module), each) for each in every())
    return {each.distribution: each.version for name, each in known if name in used - {None}}


def forget() -> None:
    """Look again, for tests that install packages while the process runs."""
    found.forget()
    packages.cache_clear()
    forget_files()


def forget_files() -> None:
    """Look again at the files of the packages that are known."""
    files.cache_clear()
