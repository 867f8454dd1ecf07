"""A copy of the package for tests to edit, which the code hash looks at instead of the real one."""

from __future__ import annotations

import shutil
from pathlib import Path

from lorvp import code_digest

REAL = code_digest.ROOT / "lorvp"


def copy_to(folder: Path) -> Path:
    """Copy `lorvp` into ``folder``; the copy's path."""
    ignored = shutil.ignore_patterns("*pyc")
    return Path(shutil.copytree(REAL, folder / "lorvp", ignore=ignored))


def restore(copy: Path) -> None:
    """Undo all edits, for the next test: copying anew takes longer than most of them."""
    for path in copy.rglob("*"):
        if path.is_file() and not (REAL / path.relative_to(copy)).exists():
            path.unlink()
    for real in REAL.rglob("*.py"):
        path, code = copy / real.relative_to(REAL), real.read_bytes()
        if not path.exists() or path.read_bytes() != code:
            path.write_bytes(code)
