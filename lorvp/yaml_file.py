"""A YAML file that knows the line of each of its keys. Safe: it builds no objects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from lorvp.problems import Where


class YamlError(ValueError):
    """The file cannot be read as YAML; the message says where and why."""


@dataclass(frozen=True)
class YamlFile:
    """The plain data of a file, and where each part of it stands."""

    path: Path
    data: Any
    positions: Any
    """The same data in ruamel's classes, whose ``lc`` has line and column."""

    def place(self, where: Where) -> tuple[int, int]:
        """Line and column, from 1, of a place in the data."""
        line, column, node = 0, 0, self.positions
        for part in where:
            try:
                marks = node.lc
                line, column = marks.item(part) if isinstance(part, int) else marks.key(part)
                node = node[part]
            except (AttributeError, KeyError, TypeError, IndexError):
                break  # a plain value has no places inside it
        return line + 1, column + 1

    def line(self, where: Where, message: str) -> str:
        """``params.yaml:LINE:COLUMN: key: message`` for a place in the data."""
        line, column = self.place(where)
        key = ".".join(str(part) for part in where) or "the file"
        return f"{self.path}:{line}:{column}: {key}: {message}"


def read(path: Path) -> YamlFile:
    """Read ``path``.

    Raises:
        YamlError: there is no such file, it is no text, or no YAML.
    """
    text = ""
    try:
        text = path.read_text(encoding="utf-8")
        return YamlFile(path, YAML(typ="safe", pure=True).load(text), YAML().load(text))
    except FileNotFoundError as error:
        raise YamlError(f"{path} does not exist; run this in the project's folder") from error
    except UnicodeDecodeError as error:
        raise YamlError(f"{path}: not a text file in UTF-8 (byte {error.start})") from error
    except ReaderError as error:
        before = text[: error.position]
        place = f"{before.count(chr(10)) + 1}:{error.position - before.rfind(chr(10))}"
        reason = f"the character {error.character!r} is not allowed"
        raise YamlError(f"{path}:{place}: not valid YAML: {reason}") from error
    except MarkedYAMLError as error:
        mark, reason = error.problem_mark, str(error.problem or error.context)
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        # ruamel quotes all that stands below a key that is there twice.
        reason = reason.partition(" with value ")[0]
        raise YamlError(f"{path}{place}: not valid YAML: {reason}") from error
