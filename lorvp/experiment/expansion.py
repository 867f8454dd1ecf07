"""A block of the grid as the product of its lists: trees of settings that know their place.

Any value may be a list, however deep: ``rank: [1, 4]`` doubles the trees. A value that is a list
by itself is written inside one: ``milestones: [[0.5, 0.72]]``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from lorvp.text.problems import Where

CHOICES = ("method", "mapping")
"""Keys under which named choices stand; the name is a row of the tables."""


@dataclass(frozen=True)
class Leaf:
    """A plain value and where it was written; ``swept`` if it is one of several values."""

    value: Any
    where: Where
    swept: bool = False


class Branch(dict):
    """A mapping of keys to leaves and branches, and where it was written."""

    def __init__(self, where: Where, items: Any = ()) -> None:
        super().__init__(items)
        self.where = where


def trials_in(value: Any, choice: bool = False) -> int:
    """How many trials a value stands for, counted without making them."""
    if isinstance(value, list):
        return sum(trials_in(item) if isinstance(item, dict) else 1 for item in value)
    if not isinstance(value, dict):
        return 1
    counts = [trials_in(inner, key in CHOICES) for key, inner in value.items()]
    return sum(counts) if choice else prod(counts)


def expand_block(block: dict[str, Any], where: Where) -> Iterator[tuple[Branch, dict[str, str]]]:
    """The settings of each trial as a tree, with the names of its method and mapping."""
    axes = []
    for key, value in block.items():
        expand = _choices if key in CHOICES else _sweep
        axes.append([(key, *option) for option in expand(value, (*where, key))])
    for combination in product(*axes):
        tree = Branch(where, {key: option for key, option, *_ in combination})
        yield tree, {key: name[0].value for key, _, *name in combination if name}


def _sweep(value: Any, where: Where, swept: bool = False) -> Iterator[tuple[Leaf | Branch]]:
    """Every combination of the values in ``value``, as trees whose leaves know their place."""
    if isinstance(value, list):
        for i, item in enumerate(value):
            place, several = (*where, i), swept or len(value) > 1
            if isinstance(item, dict):
                yield from _sweep(item, place, several)
            else:
                yield (Leaf(item, place, several),)
    elif isinstance(value, dict):
        axes = [[(k, *o) for o in _sweep(v, (*where, k), swept)] for k, v in value.items()]
        yield from ((Branch(where, combination),) for combination in product(*axes))
    else:
        yield (Leaf(value, where, swept),)


def _choices(value: Any, where: Where) -> Iterator[tuple[Leaf | Branch, Leaf]]:
    """Named choices: ``lp``, ``[flm, lp]``, or names with settings under them."""
    if not isinstance(value, dict):
        for (leaf,) in _sweep(value, where):
            kind = Leaf(plain(leaf), leaf.where)
            yield Branch(leaf.where, {"kind": kind}), Leaf(str(kind.value), where)
        return
    for name, settings in value.items():
        place = (*where, name)
        if settings is None or isinstance(settings, dict):
            for (tree,) in _sweep({"kind": name} | (settings or {}), place):
                yield tree, Leaf(name, where)
        else:
            yield Leaf(settings, place), Leaf(name, where)


def plain(tree: Any) -> Any:
    """The values of a tree without their places."""
    if isinstance(tree, Leaf):
        return tree.value
    return {key: plain(value) for key, value in tree.items()}


def swept_words(tree: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Field and ``field=value`` of every leaf that is one of several."""
    if isinstance(tree, Leaf):
        if tree.swept:
            yield key, f"{key}={tree.value}"
    else:
        for inner, value in tree.items():
            yield from swept_words(value, inner)
