"""`python -m tests.support.drawing`: write the drawing of rooms and imports into its page anew."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp
import networkx as nx

from tests.support.marked import with_part

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "lorvp" / "ARCHITECTURE.md"
PACKAGES = ("flows", "tasks", "lorvp")
INSIDE = ("tasks", "lorvp", "lorvp.networks")
"""The packages whose rooms are drawn."""


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True)


def rooms(package: str) -> nx.DiGraph:
    """The modules and folders of a package, with an edge from each to those that it imports."""
    found = nx.DiGraph()
    places = sorted(graph().find_children(package))
    found.add_nodes_from(place.rpartition(".")[2] for place in places)
    for place in places:
        for other in places:
            if place != other and graph().direct_import_exists(
                importer=place, imported=other, as_packages=True
            ):
                found.add_edge(place.rpartition(".")[2], other.rpartition(".")[2])
    return found


def drawn(package: str) -> str:
    """The rooms of a package in Mermaid. An arrow that other arrows imply is left out."""
    fewest = nx.transitive_reduction(rooms(package))
    arrows = [f"    {a} --> {b}" for a, b in sorted(fewest.edges)]
    alone = [f"    {node}" for node in sorted(nx.isolates(fewest))]
    return "\n".join(["```mermaid", "flowchart TD", *arrows, *alone, "```"])


def told(package: str) -> Iterator[str]:
    """A row for each room: its name, its number of modules, and how it describes itself."""
    yield from ("| | modules | |", "| --- | --- | --- |")
    for place in sorted(graph().find_children(package)):
        path = ROOT.joinpath(*place.split("."))
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        about = (ast.get_docstring(ast.parse(file.read_text())) or "").partition("\n\n")[0]
        modules = len(list(path.rglob("*.py"))) if path.is_dir() else 1
        name = f"**{file.parent.name}/**" if path.is_dir() else file.name
        yield f"| {name} | {modules} | {' '.join(about.split())} |"


def drawing() -> str:
    """The generated part of the page."""
    parts = [[f"## {name}", "", drawn(name), "", *told(name), ""] for name in INSIDE]
    return "\n".join(["", *(line for part in parts for line in part)])


def page(text: str) -> str:
    """``text`` with today's drawing between its two marks."""
    return with_part(text, "drawing", drawing())


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
