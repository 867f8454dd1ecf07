"""A YAML file that knows the line of each of its keys. Safe: it builds no objects."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from lorvp.text.printable import printable
from lorvp.text.problems import Where
from lorvp.text.quoted import named, shown

LARGEST = 2**18
"""Bytes of a file that somebody wrote."""
DEEPEST = 50
MOST = 100_000
"""Values, those behind an alias (``*name``) counted wherever it stands: a few lines of aliases of
aliases can stand for more than any memory holds."""

LONGEST = 400
"""Characters of a number; the largest that a computer's floats can be has 309 digits. Beyond 4,300
Python prints no integer, but reads those that are written as ``0x…``."""

WITHOUT_PLACE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What ruamel lets through where a tag or the look of a value promises what it is not."""
MERGE = "tag:yaml.org,2002:merge"
NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


class YamlError(ValueError):
    """The file cannot be read as YAML; the message says where and why."""


@dataclass(frozen=True)
class YamlFile:
    """The plain data of a file, and where each part of it stands."""

    path: Path
    data: Any
    root: Node | None
    """The same data as the parser's nodes, which have line and column."""
    keys: dict[int, dict[str, tuple[Node, Node]]] = field(default_factory=dict, repr=False)
    """What ``_keys`` found of a node, by its id: thousands of problems look at the same few."""

    def place(self, where: Where) -> tuple[int, int]:
        """Line and column, from 1, of a place in the data."""
        place, node = (1, 1), self.root
        for part in where:
            found = self._inside(node, part)
            if found is None:
                break  # a plain value has no places inside it
            marked, node = found
            place = _place(marked)
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


def read(path: Path) -> YamlFile:
    """Read ``path``.

    Raises:
        YamlError: there is no such file, it is no text, no YAML, or stands for too much.
    """
    text, yaml = _text(path), YAML(typ="safe", pure=True)
    try:
        with warnings.catch_warnings(action="error", category=ReusedAnchorWarning):
            root = yaml.compose(text)
        _require_bounded(root)
        return YamlFile(path, _plain(yaml, root), root)
    except _RefusedError as error:
        line, column = _place(error.node)
        raise YamlError(f"{path}:{line}:{column}: not valid here: {error}") from error
    except ReusedAnchorWarning as error:  # as bad as a key that is there twice
        reason, places = str(error).split("\n")[1], re.findall(r"line: (\d+)", str(error))
        raise YamlError(f"{path}:{places[-1]}:1: not valid here: {reason}") from error
    except ReaderError as error:
        before = text[: error.position]
        place = f"{before.count(chr(10)) + 1}:{error.position - before.rfind(chr(10))}"
        reason = f"the character {error.character!r} is not allowed"
        raise YamlError(f"{path}:{place}: not valid YAML: {reason}") from error
    except MarkedYAMLError as error:
        mark, reason = error.problem_mark, str(error.problem or error.context)
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        # ruamel quotes all that stands below a key that is there twice.
        reason = " ".join(reason.partition(" with value ")[0].split())
        raise YamlError(f"{path}{place}: not valid YAML: {reason}") from error
    except WITHOUT_PLACE as error:
        line, column = _last_place(text)
        raise YamlError(f"{path}:{line}:{column}: not valid YAML: {error}") from error
    except RecursionError as error:
        raise YamlError(f"{path}: not valid here: it is nested too deeply") from error


def _last_place(text: str) -> tuple[int, int]:
    """Where the last word begins before one that cannot be read."""
    place = 1, 1
    with suppress(*WITHOUT_PLACE):
        for token in YAML(typ="safe", pure=True).scan(text):
            place = token.start_mark.line + 1, token.start_mark.column + 1
    return place


def _plain(yaml: YAML, root: Node | None) -> Any:
    """The data, without those of ruamel's errors that name no place."""
    try:
        return yaml.constructor.construct_document(root) if root is not None else None
    except WITHOUT_PLACE as error:
        for node in _scalars(root):
            try:
                YAML(typ="safe", pure=True).constructor.construct_object(node)
            except WITHOUT_PLACE as reason:
                words = " ".join(str(reason).split())
                raise _RefusedError(node, f"{shown(node.value)} cannot be read: {words}") from error
        raise _RefusedError(cast(Node, root), f"a value cannot be read: {error}") from error


def _text(path: Path) -> str:
    try:
        # A pipe or a device would never end.
        if path.exists() and not path.is_file():
            raise YamlError(f"{path} is no file")
        content = path.read_bytes() if path.stat().st_size <= LARGEST else None
    except FileNotFoundError as error:
        raise YamlError(f"{path} does not exist; run this in the project's folder") from error
    except OSError as error:
        raise YamlError(f"{path} cannot be read: {error.strerror}") from error
    if content is None:
        raise YamlError(f"{path} is larger than {LARGEST:,} bytes")
    try:
        # As text files are read everywhere: each kind of line end is one.
        return content.decode().replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise YamlError(f"{path}: not a text file in UTF-8 (byte {error.start})") from error


class _RefusedError(Exception):
    def __init__(self, node: Node, reason: str) -> None:
        super().__init__(reason)
        self.node = node


def _require_bounded(root: Node | None) -> None:
    """Raises:
    _RefusedError: the data contain themselves, are nested too deeply or are too many, a word is no
        text, or a number is too long.
    """
    known: dict[int, tuple[int, int]] = {}

    def measure(node: Node, depth: int) -> tuple[int, int]:
        """Values and levels of a node."""
        if id(node) in known:
            return known[id(node)]
        if isinstance(node, ScalarNode):
            _require_plain(node)
        inner = [] if depth > DEEPEST else [measure(n, depth + 1) for n in _children(node)]
        size, levels = 1 + sum(n for n, _ in inner), 1 + max((n for _, n in inner), default=0)
        if max(depth, levels) > DEEPEST:
            raise _RefusedError(node, f"nested more than {DEEPEST} deep, or in itself")
        if size > MOST:
            raise _RefusedError(node, f"stands for more than {MOST:,} values")
        known[id(node)] = size, levels
        return size, levels

    if root is not None:
        measure(root, 0)


def _require_plain(node: ScalarNode) -> None:
    """Raise _RefusedError for a word that is no text, and for a number that is too long."""
    if not _is_text(node.value):
        raise _RefusedError(node, f"{shown(node.value)} is no text")
    if node.tag in NUMBERS and len(node.value) > LONGEST:
        raise _RefusedError(
            node, f"{shown(node.value)} is a number of more than {LONGEST} characters"
        )


def _is_text(word: str) -> bool:
    """Half a character (a surrogate) can be written as an escape, and then not be printed."""
    return not any("\ud800" <= character <= "\udfff" for character in word)


def _scalars(node: Node | None) -> Iterator[ScalarNode]:
    if isinstance(node, ScalarNode):
        yield node
    elif node is not None:
        for child in _children(node):
            yield from _scalars(child)


def _children(node: Node) -> Iterator[Node]:
    for child in [] if isinstance(node, ScalarNode) else node.value:
        yield from child if isinstance(child, tuple) else (child,)


def _keys(mapping: MappingNode) -> dict[str, tuple[Node, Node]]:
    """Keys with their values; last, those of merged mappings (``<<: *name``)."""
    found: dict[str, tuple[Node, Node]] = {}
    merged = [value for key, value in mapping.value if key.tag == MERGE]
    for value in reversed(merged):
        for inner in reversed(value.value if isinstance(value, SequenceNode) else [value]):
            found |= _keys(inner) if isinstance(inner, MappingNode) else {}
    for key, value in reversed(mapping.value):
        if isinstance(key, ScalarNode) and key.tag != MERGE:
            found[key.value] = key, value
    return found


def _place(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
