"""Code of users' own that builds a network: where it is, what it is, and what of it may be called.

Manifests and params.yaml may come from anybody, and what they name is called with arguments that
they choose. Many a class of an installed library would then do whatever it is told, such as run a
program from the hub. So only packages are called that the user names in `LORVP_CODE`, and of these
only what makes a network and is, byte for byte of its syntax, what the manifest was made with.
Nothing is imported before that is known.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from inspect import isclass, isfunction
from pathlib import Path
from typing import Any, get_type_hints

from torch import nn

from lorvp.code_digest import syntax_now
from lorvp.errors import InputError
from lorvp.networks.options.base import UNBUILDABLE, reason

VARIABLE = "LORVP_CODE"
INSTALLED = {"site-packages", "dist-packages"}
"""Folders of installed packages."""


def maker(build: str, code: dict[str, str]) -> Callable[..., Any]:
    """The class or function that ``build`` names (``package.module:name``).

    ``code``: the hashes of its source that are expected, as ``code_of`` gives them.

    Raises:
        InputError: the user has not allowed its package, its code is not here or is other code, or
            it makes no network.
    """
    module, _, name = build.partition(":")
    _require_allowed(module)
    _require_same(module, code)
    try:
        found: Any = getattr(import_module(module), name, None)
    except (*UNBUILDABLE, ImportError, OSError) as error:
        raise InputError(f"{module} cannot be imported: {reason(error)}") from error
    _require_network(build, module, found)
    return found


def code_of(build: str) -> dict[str, str]:
    """A hash of the syntax of each file of ``files_of``, by module.

    Raises:
        InputError: a file is not there, or is no Python.
    """
    return {name: _syntax(path) for name, path in files_of(build).items()}


def files_of(build: str) -> dict[str, Path]:
    """Each file of the user's that ``build`` imports, by module.

    Followed are imports, wherever they stand in a file, to what lies beside the package: all
    modules of a project's folder, or of the same package where it is installed.

    Raises:
        InputError: a file is not there, or is no Python.
    """
    module = build.partition(":")[0]
    path = _source(module)
    if path is None:
        raise InputError(_missing(module))
    home = path.parents[module.count(".") + (path.name == "__init__.py")]
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _source(name)
        if name not in found and path is not None and _is_own(path, home, name, module):
            found[name] = path
            waiting += _imports(name, path)
            waiting += [name.rpartition(".")[0]] * ("." in name)
    return dict(sorted(found.items()))


def _require_allowed(module: str) -> None:
    allowed = {name.strip() for name in os.environ.get(VARIABLE, "").split(",")}
    package = module.partition(".")[0]
    if package not in allowed:
        raise InputError(
            f"{module} is code, which no file may have called unless you say so: if you trust "
            f"{package} with the arguments that are given here, set the environment variable "
            f"{VARIABLE}={package} (several: separated by commas)"
        )


def _require_same(module: str, code: dict[str, str]) -> None:
    if module not in code:
        raise InputError(f"nothing says which code of {module} the network was made with")
    for name, expected in code.items():
        path = _source(name)
        if path is None:
            raise InputError(_missing(name))
        if _syntax(path) != expected:
            raise InputError(
                f"{path} is not the code of {name} that the network was made with: make the "
                f"checkpoint again, or install the version of {name.partition('.')[0]} that its "
                "maker had"
            )


def _require_network(build: str, module: str, found: Any) -> None:
    """Refuse what is not meant to make a network."""
    home = getattr(found, "__module__", None)
    if found is None:
        raise InputError(f"{module} has no {build.partition(':')[2] or 'name behind a colon'}")
    if (isclass(found) or isfunction(found)) and home != module:
        raise InputError(f"{build} is defined in {home}; name it there")
    if isclass(found) and issubclass(found, nn.Module):
        return
    if isfunction(found):
        try:
            returned = get_type_hints(found).get("return")
        except (*UNBUILDABLE, NameError) as error:
            raise InputError(f"{build}: its annotations cannot be read: {reason(error)}") from error
        if isclass(returned) and issubclass(returned, nn.Module):
            return
    raise InputError(
        f"{build} should be a class deriving from torch.nn.Module, or a function with the "
        "annotation `-> nn.Module`, or one of its subclasses"
    )


def _source(module: str) -> Path | None:
    """The file of a module; nothing is imported to find it, not even the packages above it."""
    top, *rest = module.split(".")
    try:
        spec = find_spec(top) if top else None
    except ValueError:  # it was put among the modules by hand, as `__main__` is
        return None
    if spec is None or (rest and spec.submodule_search_locations is None):
        return None
    if not rest:
        path = Path(spec.origin) if spec.has_location and spec.origin else None
        return path if path and path.suffix == ".py" and path.is_file() else None
    for folder in spec.submodule_search_locations or []:
        below = Path(folder, *rest)
        for path in (below / "__init__.py", below.with_name(f"{below.name}.py")):
            if path.is_file():
                return path
    return None


def _missing(module: str) -> str:
    package = module.partition(".")[0]
    return (
        f"there is no Python module {module} here; install {package}, or put the folder that holds "
        "it on PYTHONPATH"
    )


def _is_own(path: Path, home: Path, name: str, module: str) -> bool:
    top = name.partition(".")[0]
    if not path.is_relative_to(home) or top == "lorvp":
        return False
    return top == module.partition(".")[0] or INSTALLED.isdisjoint(path.parts)


def _syntax(path: Path) -> str:
    try:
        return syntax_now(path)
    except (SyntaxError, ValueError, OSError) as error:
        raise InputError(f"{path} cannot be read as Python: {reason(error)}") from error


def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError) as error:
        raise InputError(f"{path} cannot be read as Python: {reason(error)}") from error


def _imports(module: str, path: Path) -> Iterator[str]:
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(_parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: 1 - node.level or None] if node.level else []
            base = ".".join([*above, *(node.module or "").split(".")]).strip(".")
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
