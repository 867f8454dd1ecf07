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
from difflib import get_close_matches
from itertools import product
from typing import Any

from pydantic import ValidationError

from lorvp.settings import Settings, symbols
from lorvp.trials import Point, Trial

Where = tuple[str | int, ...]
"""A place in params.yaml, such as ("grid", "digits", "method", "lor_vp", "rank", 1)."""

CHOICES = ("method", "mapping")


@dataclass(frozen=True)
class Leaf:
    """A plain value and where it was written; ``swept`` if it is one of several."""

    value: Any
    where: Where
    swept: bool = False


@dataclass(frozen=True)
class Problem:
    """What is wrong, and where."""

    where: Where
    message: str


def points(block: dict[str, Any], where: Where) -> tuple[list[Point], list[Problem]]:
    """The trials of one block in the order written, and all that is wrong with it."""
    found, problems = [], []
    for tree in _expand_block(block, where):
        names = {key: tree.pop(f"{key} name", Leaf("", where)).value for key in CHOICES}
        try:
            trial = Trial.model_validate(_plain(tree))
        except ValidationError as error:
            problems += [_problem(e, tree, where) for e in error.errors()]
        else:
            found.append(
                Point(
                    trial,
                    method=_label(names["method"], trial.method, tree["method"]),
                    mapping=_label(names["mapping"], trial.mapping, tree["mapping"]),
                    training=" ".join(word for _, word in _swept(tree.get("training", {}))),
                )
            )
    return found, list(dict.fromkeys(problems))


def _expand_block(block: dict[str, Any], where: Where) -> Iterator[dict]:
    axes = []
    for key, value in block.items():
        expand = _choices if key in CHOICES else _sweep
        axes.append([(key, *option) for option in expand(value, (*where, key))])
    for combination in product(*axes):
        tree = {}
        for key, option, *name in combination:
            tree[key] = option
            if name:
                tree[f"{key} name"] = name[0]
        yield tree


def _sweep(value: Any, where: Where) -> Iterator[tuple[Any]]:
    """Every combination of the values in ``value``, as trees whose leaves know their place."""
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield (Leaf(item, (*where, i), swept=len(value) > 1),)
    elif isinstance(value, dict):
        axes = [[(k, *o) for o in _sweep(v, (*where, k))] for k, v in value.items()]
        yield from ((dict(combination),) for combination in product(*axes))
    else:
        yield (Leaf(value, where),)


def _choices(value: Any, where: Where) -> Iterator[tuple[Any, Leaf]]:
    """Named choices: ``lp``, ``[flm, lp]``, or names with settings under them."""
    if isinstance(value, dict):
        for name, settings in value.items():
            own = {"kind": name} | ({} if settings is None else settings)
            if not isinstance(settings, dict | None):
                yield Leaf(settings, (*where, name)), Leaf(name, where)
                continue
            for (tree,) in _sweep(own, (*where, name)):
                yield tree, Leaf(name, where)
    else:
        for (leaf,) in _sweep(value, where):
            yield {"kind": Leaf(leaf.value, leaf.where)}, Leaf(str(leaf.value), where)


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


def _problem(error: Any, tree: dict, where: Where) -> Problem:
    """The place in the file of pydantic's place in the trial."""
    node: Any = tree
    place = where
    for part in error["loc"]:
        if isinstance(node, dict) and part in node:
            node, place = node[part], (*place, part)
        if isinstance(node, Leaf):
            place = node.where
            break
    return Problem(place, describe(error))


def describe(error: Any) -> str:
    """One of pydantic's errors in a sentence that says what would be right."""
    context, given = error.get("ctx", {}), error["input"]
    match error["type"]:
        case "extra_forbidden":
            return f"there is no key {error['loc'][-1]!r} here"
        case "missing":
            return f"the key {error['loc'][-1]!r} is missing"
        case "union_tag_invalid":
            allowed = [word.strip("' ") for word in context["expected_tags"].split(",")]
            near = get_close_matches(str(context["tag"]), allowed, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            return f"unknown kind {context['tag']!r}{hint} Allowed: {', '.join(allowed)}"
        case _:
            return f"{error['msg']} (got {given!r})"
