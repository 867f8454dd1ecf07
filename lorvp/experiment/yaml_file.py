"""Read a YAML file that may be anything: it builds no objects and fills no memory.

Every error names the line and column.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning
from ruamel.yaml.nodes import Node, ScalarNode
from ruamel.yaml.reader import ReaderError

from lorvp.experiment.bounds import LARGEST, RefusedError, require_bounded
from lorvp.experiment.yaml_positions import YamlFile, line_and_column
from lorvp.text.quoted import shown

LONGEST = 400
"""Characters of a number; the largest that a computer's floats can be has 309 digits. Beyond 4,300
Python prints no integer, but reads those that are written as ``0x…``."""

WITHOUT_PLACE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""Errors of ruamel's constructors, which name no place: a value does not fit its tag."""
ERRORS = (
    RefusedError, ReusedAnchorWarning, ReaderError, MarkedYAMLError, RecursionError, *WITHOUT_PLACE,
)  # fmt: skip
NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


class YamlError(ValueError):
    """The file cannot be read as YAML; the message says where and why."""


def read(path: Path) -> YamlFile:
    """Read ``path``.

    Raises:
        YamlError: there is no such file, it is no text, no YAML, or stands for too much.
    """
    text, yaml = _text(path), YAML(typ="safe", pure=True)
    try:
        with warnings.catch_warnings(action="error", category=ReusedAnchorWarning):
            root = yaml.compose(text)
        if root is not None:
            require_bounded(root, _children)
            for node in _scalars(root):
                _require_plain(node)
        return YamlFile(path, _plain(yaml, root), root)
    except ERRORS as error:
        raise YamlError(f"{path}{_reason(error, text)}") from error


def _reason(error: Exception, text: str) -> str:
    """``:LINE:COLUMN: what is wrong``."""
    match error:
        case RefusedError():
            line, column = line_and_column(error.part)
            return f":{line}:{column}: not valid here: {error}"
        case ReusedAnchorWarning():  # as bad as a key that is there twice
            reason, places = str(error).split("\n")[1], re.findall(r"line: (\d+)", str(error))
            return f":{places[-1]}:1: not valid here: {reason}"
        case ReaderError():
            before = text[: error.position]
            line, column = before.count("\n") + 1, error.position - before.rfind("\n")
            reason = f"the character {error.character!r} is not allowed"
            return f":{line}:{column}: not valid YAML: {reason}"
        case MarkedYAMLError():
            mark, reason = error.problem_mark, str(error.problem or error.context)
            place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
            # ruamel quotes all that stands below a key that is there twice.
            return (
                f"{place}: not valid YAML: {' '.join(reason.partition(' with value ')[0].split())}"
            )
        case RecursionError():
            return ": not valid here: it is nested too deeply"
        case _:
            line, column = _last_place(text)
            return f":{line}:{column}: not valid YAML: {error}"


def _last_place(text: str) -> tuple[int, int]:
    """Where the last token before an unreadable one begins, from 1."""
    place = 1, 1
    with suppress(*WITHOUT_PLACE):
        for token in YAML(typ="safe", pure=True).scan(text):
            place = token.start_mark.line + 1, token.start_mark.column + 1
    return place


def _plain(yaml: YAML, root: Node | None) -> Any:
    """The data. Errors of ruamel's that name no place become RefusedError, which does."""
    try:
        return yaml.constructor.construct_document(root) if root is not None else None
    except WITHOUT_PLACE as error:
        for node in _scalars(root):
            try:
                YAML(typ="safe", pure=True).constructor.construct_object(node)
            except WITHOUT_PLACE as reason:
                words = " ".join(str(reason).split())
                raise RefusedError(node, f"{shown(node.value)} cannot be read: {words}") from error
        raise RefusedError(cast(Node, root), f"a value cannot be read: {error}") from error


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


def _require_plain(node: ScalarNode) -> None:
    """Raise RefusedError for a word that is no text, and for a number that is too long."""
    if not _is_text(node.value):
        raise RefusedError(node, f"{shown(node.value)} is no text")
    if node.tag in NUMBERS and len(node.value) > LONGEST:
        raise RefusedError(
            node, f"{shown(node.value)} is a number of more than {LONGEST} characters"
        )


def _is_text(word: str) -> bool:
    """Whether a word has no half characters (surrogates): YAML can escape them, nothing prints
    them."""
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
