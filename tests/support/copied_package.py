"""A copy of the package for tests to edit, which the code hash looks at instead of the real one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lorvp import code_digest, code_files


class ByContent:
    """A function of a file's bytes, which are parsed once, however many copies there are."""

    def __init__(self, function: Any) -> None:
        self.function: Callable[[Path], Any] = function.__wrapped__
        self.known: dict[bytes, Any] = {}

    def __call__(self, path: Path) -> Any:
        content = code_files.source(path)
        if content not in self.known:
            self.known[content] = self.function(path)
        return self.known[content]

    def cache_clear(self) -> None:
        """Nothing becomes stale: whoever edits a file gives it other bytes."""


PARSED = {name: ByContent(getattr(code_files, name)) for name in ("imported", "syntax")}


def copied_package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy `lorvp` into ``folder`` and have it hashed; the copy's path."""
    ignored = shutil.ignore_patterns("*pyc")
    shutil.copytree(code_digest.ROOT / "lorvp", folder / "lorvp", ignore=ignored)
    monkeypatch.setattr(code_digest, "ROOT", folder)
    for name, parsed in PARSED.items():
        monkeypatch.setattr(code_files, name, parsed)
    return folder / "lorvp"
