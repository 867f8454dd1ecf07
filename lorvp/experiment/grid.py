"""The grid of params.yaml: blocks in which every list is a sweep.

A block gives a dataset, a network, methods, mappings, training settings and seeds, and stands
for their product. Any value may be a list, however deep: ``rank: [1, 4]`` doubles the trials.
A value that is a list by itself is written inside one: ``milestones: [[0.5, 0.72]]``.

Methods and mappings are named choices. The name is the row (or column) of the tables; it is
also the ``kind`` unless the settings below it say otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lorvp.experiment.trial import RECIPE, Point, Trial
from lorvp.settings import Name, Settings, symbols
from lorvp.text.problems import Problem, Where, describe, errors_of
from lorvp.text.quoted import listed, shown


class Branch(dict):
    """A mapping of such trees, and where it was written."""

    def __init__(self, where: Where, items: Any = ()) -> None:
        super().__init__(items)
        self.where = where


MOST = 100_000
"""Trials of a grid; a slip of the pen can ask for more than there is memory."""
ENOUGH = 1000
"""Problems of a grid, of which most are one and the same; trials behind them are not looked at."""
CHOICES = ("method", "mapping")
CHOICE_DEPTH = 3
"""Of ("grid", "digits", "method")."""
NAMES = TypeAdapter(Name)
LISTED_CHOICE = "should be a kind; with settings, write a mapping of names to settings, not a list"


@dataclass(frozen=True)
class Leaf:
    """A plain value and where it was written; ``swept`` if it is one of several."""

    value: Any
    where: Where
    swept: bool = False


def points(
    block: dict[str, Any], where: Where, known: dict[str, list[str]]
) -> tuple[list[Point], list[Problem]]:
    """The trials of one block in the order written, and all that is wrong with it.

    ``known`` lists what a field may name: ``{"dataset": ["digits"], "network": […]}``.
    """
    found, problems = [], list(_misshapen(block, where))
    if problems:
        return [], problems
    if (number := trials_in(block)) > MOST:
        return [], [Problem(where, too_many(number))]
    for tree, names in _expand_block(block, where):
        if len(problems) > ENOUGH:
            break
        try:
            trial = Trial.model_validate(_plain(tree))
        except ValidationError as error:
            problems += [_problem(e, tree) for e in errors_of(error)]
            continue
        problems += _unknown_names(tree, known)
        found.append(
            Point(
                trial,
                method=_label(names["method"], trial.method, tree["method"]),
                mapping=_label(names["mapping"], trial.mapping, tree["mapping"]),
                training=" ".join(word for _, word in _swept(tree.get("training", {}), "training")),
            )
        )
    return found, list(dict.fromkeys(problems))


def too_many(number: int) -> str:
    """What is said of so many trials."""
    return f"stands for {number:,} trials; a grid may have {MOST:,}: run it in parts"


def _unknown_names(tree: Branch, known: dict[str, list[str]]) -> Iterator[Problem]:
    for key, names in known.items():
        named = _plain(tree[key])
        if named not in names:
            message = f"there is no {key} {shown(named)} in this file. There is: {listed(names)}"
            yield Problem(tree[key].where, message)


def _misshapen(value: Any, where: Where) -> Iterator[Problem]:
    """What could not be expanded: sweeps and choices with nothing in them, or without names."""
    choice = where[-1] in CHOICES and len(where) == CHOICE_DEPTH
    if value == [] or (choice and not value):
        yield Problem(where, "is empty; name at least one")
    elif choice and isinstance(value, dict) and "kind" in value:
        example = f"`{where[-1]}: {{{value['kind']}: {{…}}}}`"
        yield Problem((*where, "kind"), f"stands where a name belongs; write {example}")
    elif choice and isinstance(value, dict) and (odd := [k for k in value if not _is_name(k)]):
        yield Problem((*where, odd[0]), f"{shown(odd[0])} is not a name: write a word")
    elif choice and isinstance(value, list):
        for i, item in enumerate(value):
            if not isinstance(item, str):
                yield Problem((*where, i), f"{LISTED_CHOICE} (got {shown(item)})")
    elif isinstance(value, dict):
        yield from _misnamed(value, where) if choice else []
        for key, inner in value.items():
            yield from _misshapen(inner, (*where, key))


def _misnamed(choices: dict, where: Where) -> Iterator[Problem]:
    for name in choices:
        try:
            NAMES.validate_python(name)
        except ValidationError as error:
            yield Problem((*where, name), describe(error.errors()[0], Trial))


def trials_in(value: Any, choice: bool = False) -> int:
    """How many trials a value stands for, counted without making them."""
    if isinstance(value, list):
        return sum(trials_in(item) if isinstance(item, dict) else 1 for item in value)
    if not isinstance(value, dict):
        return 1
    counts = [trials_in(inner, key in CHOICES) for key, inner in value.items()]
    return sum(counts) if choice else prod(counts)


def _is_name(key: Any) -> bool:
    return isinstance(key, str) and bool(key.strip())


def _expand_block(block: dict[str, Any], where: Where) -> Iterator[tuple[Branch, dict[str, str]]]:
    """Trees of settings, with the names of their choices."""
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
            kind = Leaf(_plain(leaf), leaf.where)
            yield Branch(leaf.where, {"kind": kind}), Leaf(str(kind.value), where)
        return
    for name, settings in value.items():
        place = (*where, name)
        if settings is None or isinstance(settings, dict):
            for (tree,) in _sweep({"kind": name} | (settings or {}), place):
                yield tree, Leaf(name, where)
        else:
            yield Leaf(settings, place), Leaf(name, where)


def _plain(tree: Any) -> Any:
    if isinstance(tree, Leaf):
        return tree.value
    return {key: _plain(value) for key, value in tree.items()}


def _swept(tree: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Field and ``field=value`` of every leaf that is one of several."""
    if isinstance(tree, Leaf):
        if tree.swept:
            yield key, f"{key}={tree.value}"
    else:
        for inner, value in tree.items():
            yield from _swept(value, inner)


def _label(name: str, settings: Settings, tree: dict) -> str:
    """The name, the fields that always tell rows apart, and whatever else is swept here."""
    shown = symbols(settings)
    swept = [word for field, word in _swept(tree) if field not in shown]
    return " ".join([name, *shown.values(), *swept])


def _problem(error: Any, tree: Branch) -> Problem:
    """The place in the file of pydantic's place in the trial."""
    node: Leaf | Branch = tree
    for part in error["loc"]:
        if isinstance(node, Branch) and part in node:
            node = node[part]
    place = node.where
    if error["type"] == "extra_forbidden" and isinstance(place[-1], int):
        place = place[:-1]  # the key is wrong, whichever of its values is tried
    return Problem(place, describe(error, Trial, {("training",): [RECIPE]}))
