"""The names of a downloaded network's source classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lorvp.datasets.class_names import require_readable
from lorvp.datasets.imagenet_classes import (
    SUBSETS,
    imagenet_names,
    imagenet_synsets,
    names_by_number,
)
from lorvp.errors import InputError
from lorvp.files.regular import read_regular

LARGEST = 2**24
"""Bytes; the names of 21,843 classes have 1 MB."""


def names_of(name: str, classes: int, cfg: Any, file: str | None = None) -> list[str]:
    """The names, in the order of the logits: the user's, else timm's (``cfg``), else ImageNet's.

    Raises:
        InputError: none are known, there are more or fewer of them than classes, or one cannot
            be read.
    """
    own = list(cfg.label_names or [])
    found = lines_of(file) if file else _described(own, cfg.label_descriptions or {})
    found = found or names_by_number(classes)
    if found is None:
        raise InputError(
            f"nothing says what the {classes} classes of {name} are called; write their names "
            "into a text file, one per line, and give its path as `class_names`"
        )
    if len(found) != classes:
        where = file or name
        raise InputError(f"class_names: {where} has {len(found)} names for {classes} classes")
    require_readable(found)
    return found


def _described(labels: Sequence[str], descriptions: dict[str, str]) -> list[str]:
    """timm's descriptions of the labels, or this project's names if the labels are ImageNet's."""
    subset = {number: name for name, number in SUBSETS.items()}.get(len(labels))
    if subset and imagenet_synsets(subset) == labels:
        return imagenet_names(subset)
    return [descriptions.get(label, label) for label in labels]


def lines_of(file: str) -> list[str]:
    """The lines of a text file that are not empty.

    Raises:
        InputError: it is not there, or no text in UTF-8.
    """
    path = Path(file)
    if not path.exists():
        raise InputError(f"class_names: there is no {path}")
    try:
        text = read_regular(path, LARGEST).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"class_names: {path} is not a text file in UTF-8: {reason}") from error
    return [line.strip() for line in text.splitlines() if line.strip()]


def labelled(given: Any, where: str) -> list[str]:
    """Names by the numbers of their classes, as transformers writes them (``{"0": "cat", …}``).

    Raises:
        InputError: they are no such map, one number is missing, or a name cannot be read.
    """
    found = given if isinstance(given, dict) else {}
    values = [found.get(str(number)) for number in range(len(found))]
    names = [value for value in values if isinstance(value, str)]
    if not names or len(names) < len(values):
        raise InputError(f"{where} is no list of names by number; give them as `class_names`")
    require_readable(names)
    return names
