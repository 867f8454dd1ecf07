"""The line and column of each part of a YAML file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from lorvp.text.printable import printable
from lorvp.text.problems import Where
from lorvp.text.quoted import named

MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True)
class YamlFile:
    """The plain data of a file, and where each part of it stands."""

    path: Path
    data: Any
    root: Node | None
    """The same data as the parser's nodes, which have line and column."""
    keys: dict[int, dict[str, tuple[Node, Node]]] = field(default_factory=dict, repr=False)
    """Results of ``_keys`` by the node's id: thousands of problems look at the same few nodes."""

    def place(self, where: Where) -> tuple[int, int]:
        """Line and column, from 1, of a place in the data."""
        place, node = (1, 1), self.root
        for part in where:
            found = self._inside(node, part)
            if found is None:
                break  # a plain value has no places inside it
            marked, node = found
            place = line_and_column(marked)
        return place

    def _inside(self, node: Node | None, part: str | int) -> tuple[Node, Node] | None:
        """The node that marks a place, and the value there."""
        if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            return node.value[part], node.value[part]
        if not isinstance(node, MappingNode):
            return None
        if id(node) not in self.keys:
            self.keys[id(node)] = _keys(node)
        return self.keys[id(node)].get(str(part))

    def line(self, where: Where, message: str) -> str:
        """``params.yaml:LINE:COLUMN: key: message`` for a place in the data."""
        line, column = self.place(where)
        key = named(where) or "the file"
        return printable(f"{self.path}:{line}:{column}: {key}: {message}")


def _keys(mapping: MappingNode) -> dict[str, tuple[Node, Node]]:
    """Keys with their values, also those of merged mappings (``<<: *name``)."""
    found: dict[str, tuple[Node, Node]] = {}
    merged = [value for key, value in mapping.value if key.tag == MERGE]
    for value in reversed(merged):
        for inner in reversed(value.value if isinstance(value, SequenceNode) else [value]):
            found |= _keys(inner) if isinstance(inner, MappingNode) else {}
    for key, value in reversed(mapping.value):
        if isinstance(key, ScalarNode) and key.tag != MERGE:
            found[key.value] = key, value
    return found


def line_and_column(node: Node) -> tuple[int, int]:
    """Where a node begins, from 1."""
    return node.start_mark.line + 1, node.start_mark.column + 1
