"""What docstrings and pages hold that Sphinx does not show by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, get_origin

import networkx as nx
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

WIDE, HIGH, GAP = 150, 30, 40


def as_code(lines: list[str]) -> Iterator[str]:
    """Indented parts, such as formulas and tables of columns, are shown as they are."""
    before = ""
    for line in lines:
        if line.startswith("    ") and not before:
            yield from ("::", "")
        yield line
        before = line


def docstring(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    lines[:] = as_code(lines)


def skipped(app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """An annotated type with a pattern such as ``[a-z_-]``, which autodoc would print as RST."""
    return True if get_origin(obj) is Annotated and re.search(r"\w_(?!\w)", repr(obj)) else None


class Mermaid(SphinxDirective):
    """A drawing of arrows, ``a --> b``, as SVG: nothing is fetched, and no script draws it."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        arrows = [line.split(" --> ") for line in map(str.strip, self.content) if "-->" in line]
        graph = nx.DiGraph((a, b) for a, b in arrows)
        return [nodes.raw("", svg(graph), format="html")]


def svg(graph: nx.DiGraph) -> str:
    """Rooms in rows, each below all that import it."""
    rows = [sorted(row) for row in nx.topological_generations(graph)]
    width = max(map(len, rows)) * WIDE
    at = {
        room: (width * (i + 0.5) / len(row), y * (HIGH + GAP) + HIGH / 2 + 1)
        for y, row in enumerate(rows)
        for i, room in enumerate(row)
    }
    lines = [arrow(*at[a], *at[b]) for a, b in graph.edges]
    boxes = [box(room, *place) for room, place in at.items()]
    height = len(rows) * (HIGH + GAP) - GAP + 2
    names = ", ".join(graph.nodes)
    return (
        f'<svg class="rooms" role="img" aria-label="Imports between {names}" viewBox="0 0 {width} '
        f'{height}" style="max-width: 100%; font: 13px sans-serif" fill="none" '
        f'stroke="currentColor">{"".join(lines + boxes)}</svg>'
    )


def arrow(x: float, y: float, to_x: float, to_y: float) -> str:
    start, end = y + HIGH / 2, to_y - HIGH / 2
    curve = f"M{x:g} {start:g} C{x:g} {start + GAP:g} {to_x:g} {end - GAP:g} {to_x:g} {end:g}"
    tip = f"M{to_x - 4:g} {end - 7:g} L{to_x:g} {end:g} L{to_x + 4:g} {end - 7:g}"
    return f'<path opacity="0.5" d="{curve} {tip}"/>'


def box(name: str, x: float, y: float) -> str:
    wide = WIDE - 16
    return (
        f'<rect x="{x - wide / 2:g}" y="{y - HIGH / 2:g}" width="{wide}" height="{HIGH}" rx="5" '
        f'style="fill: var(--color-background-primary)"/><text x="{x:g}" y="{y + 4:g}" '
        f'text-anchor="middle" stroke="none" fill="currentColor">{name}</text>'
    )


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("mermaid", Mermaid)
    app.connect("autodoc-process-docstring", docstring)
    app.connect("autodoc-skip-member", skipped)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
