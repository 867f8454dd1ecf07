"""What pages have of the code: `<!-- modules of PACKAGE -->` and `<!-- settings -->`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import settings_table
from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
MODULES = re.compile(r"<!-- modules of ([\w. ]+) -->")
SETTINGS = "<!-- settings -->"


def modules(package: str) -> Iterator[str]:
    """The names of a package or module and of all below it."""
    place = ROOT.joinpath(*package.split("."))
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    for file in files:
        parts = file.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts).removesuffix(".__init__")


def documented(packages: str) -> str:
    """A heading and the docstrings of each module."""
    return "\n".join(
        f"## {name}\n\n```{{eval-rst}}\n.. automodule:: {name}\n```\n"
        for package in packages.split()
        for name in modules(package)
    )


def expand(app: Sphinx, docname: str, source: list[str]) -> None:
    text = MODULES.sub(lambda found: documented(found[1]), source[0])
    if not text.startswith("# "):  # a table alone, as stages write them
        text = f"# {docname.rpartition('/')[2]}\n\n{text}"
    source[0] = text.replace(SETTINGS, settings_table.text()) if SETTINGS in text else text


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", expand)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
