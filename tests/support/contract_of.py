"""`pytest --lorvp-contract PACKAGE`: the contract tests of the kinds that an installed package has.

A test belongs to a package if one of its parameters is a settings class of it, or settings with
such a part, alone or in a tuple.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

OPTION = "--lorvp-contract"
FOLDER = "tests/contract"


def add_option(parser: pytest.Parser) -> None:
    about = "Hold the kinds of an installed package, by its name, to the contract, and run no more."
    parser.addoption(OPTION, metavar="PACKAGE", help=about)


def narrow(config: pytest.Config) -> None:
    """Collect only the folder of contract tests, unless the command names others."""
    if config.getoption(OPTION) and config.args_source == pytest.Config.ArgsSource.TESTPATHS:
        config.args[:] = [str(config.rootpath / FOLDER)]


def select(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of the package that was asked for.

    Raises:
        pytest.UsageError: none of its kinds has a test.
    """
    if (asked := config.getoption(OPTION)) is None:
        return
    modules = _modules(asked)
    kept = [item for item in items if _belongs(item, modules)]
    if not kept:
        raise pytest.UsageError(
            f"{asked} brings no method, mapping, content, placement, fit or several that is "
            "installed here; `entry-points` in its pyproject.toml should name them"
        )
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _modules(asked: str) -> set[str]:
    from lorvp.plugins.found import every

    return {each.point.module for each in every() if _plain(each.distribution) == _plain(asked)}


def _plain(name: str) -> str:
    """A package's name as registries compare it: ``my_package`` is ``my-package``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _belongs(item: pytest.Item, modules: set[str]) -> bool:
    values = item.callspec.params.values() if hasattr(item, "callspec") else ()  # type: ignore
    return any(cls.__module__ in modules for value in values for cls in _classes(value))


def _classes(value: Any) -> Iterator[type]:
    from lorvp.settings import Settings, parts

    if isinstance(value, Settings):
        yield from map(type, parts(value))
    elif isinstance(value, tuple):
        for inner in value:
            yield from _classes(inner)
    elif isinstance(value, type):
        yield value
