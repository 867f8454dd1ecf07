"""A folder on Python's path for packages that a test installs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lorvp import code_digest
from lorvp.plugins import code, kinds
from tests.support.installed import write_package

Install = Callable[..., None]


def look_again() -> None:
    kinds.others.cache_clear()
    code.forget()
    code_digest.forget()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder, before = tmp_path / "site", set(sys.modules)
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in set(sys.modules) - before:
        if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
    monkeypatch.undo()
    look_again()


@pytest.fixture
def install(place: Path) -> Install:
    def installed(*arguments, **settings) -> None:
        write_package(place, *arguments, **settings)
        look_again()

    return installed
