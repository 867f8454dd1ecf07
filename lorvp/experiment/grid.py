"""The grid of params.yaml: blocks in which every list is a sweep.

A block gives a dataset, a network, methods, mappings, training settings and seeds, and stands
for their product (``expansion.py``). With ``tune`` it stands for searches (``searches.py``).

Methods and mappings are named choices. The name is the row (or column) of the tables; it is
also the ``kind`` unless the settings below it say otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lorvp.experiment.declared import DIFFERS, declared_in, without
from lorvp.experiment.expansion import (
    CHOICES,
    Branch,
    Leaf,
    expand_block,
    plain,
    swept_words,
    trials_in,
)
from lorvp.experiment.searches import TUNE, Search, searches
from lorvp.experiment.trial import RECIPE, Point, Trial
from lorvp.settings import Name, Settings, symbols
from lorvp.text.problems import Problem, Where, describe, errors_of
from lorvp.text.quoted import listed, shown

MOST = 100_000
"""Trials of a grid. A slip of the pen can ask for more than the memory holds."""
ENOUGH = 1000
"""Problems of a grid after which no further trial is checked; most say one and the same."""
CHOICE_DEPTH = 3
"""Length of the place of a choice, such as ("grid", "digits", "method")."""
NAMES = TypeAdapter(Name)
LISTED_CHOICE = "should be a kind; with settings, write a mapping of names to settings, not a list"


@dataclass(frozen=True)
class Found:
    """What a block of the grid asks for."""

    points: list[Point]
    problems: list[Problem]
    searches: list[Search] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    """What the user should know of it."""


def block_of(block: dict[str, Any], where: Where, known: dict[str, list[str]]) -> Found:
    """The trials of one block in the order written, its searches, and all problems of it.

    ``known`` lists the names that a field may hold: ``{"dataset": ["digits"], "network": […]}``.
    """
    differs, wrong = declared_in(block, where)
    written = block.get(TUNE)
    names = frozenset(written) if isinstance(written, dict) else frozenset[str]()
    found, problems = points(without(block, TUNE, DIFFERS), where, known, names)
    found = [replace(point, differs=differs) for point in found] if differs else found
    if TUNE not in block:
        return Found(found, [*wrong, *problems])
    searched, unfit, sentences = searches(found, written, where)
    return Found([], [*wrong, *problems, *unfit], searched, sentences)


def points(
    block: dict[str, Any],
    where: Where,
    known: dict[str, list[str]],
    searched: frozenset[str] = frozenset(),
) -> tuple[list[Point], list[Problem]]:
    """The trials of one block in the order written, and all problems of the block.

    The names of rows do not tell of keys that are ``searched``, which may not be swept.
    """
    found, problems = [], list(_misshapen(block, where))
    if problems:
        return [], problems
    if (number := trials_in(block)) > MOST:
        return [], [Problem(where, too_many(number))]
    for tree, names in expand_block(block, where):
        if len(problems) > ENOUGH:
            break
        try:
            trial = Trial.model_validate(plain(tree))
        except ValidationError as error:
            problems += [_problem(e, tree) for e in errors_of(error)]
            continue
        problems += _unknown_names(tree, known)
        problems += _searched_and_swept(tree, searched)
        found.append(
            Point(
                trial,
                method=_label(names["method"], trial.method, tree["method"], searched),
                mapping=_label(names["mapping"], trial.mapping, tree["mapping"], searched),
                training=" ".join(
                    word for _, word in swept_words(tree.get("training", {}), "training")
                ),
            )
        )
    return found, list(dict.fromkeys(problems))


def too_many(number: int) -> str:
    """The message on a grid of too many trials."""
    return f"stands for {number:,} trials; a grid may have {MOST:,}: run it in parts"


def _unknown_names(tree: Branch, known: dict[str, list[str]]) -> Iterator[Problem]:
    for key, names in known.items():
        named = plain(tree[key])
        if named not in names:
            message = f"there is no {key} {shown(named)} in this file. There is: {listed(names)}"
            yield Problem(tree[key].where, message)


def _misshapen(value: Any, where: Where) -> Iterator[Problem]:
    """Sweeps and choices that cannot be expanded: they are empty, or their names are none."""
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


def _is_name(key: Any) -> bool:
    return isinstance(key, str) and bool(key.strip())


def _searched_and_swept(tree: Branch, searched: frozenset[str]) -> Iterator[Problem]:
    for part in CHOICES:
        for name, _ in swept_words(tree[part]):
            if name in searched:
                message = f"{name} has several values here and is searched by `tune`; leave one out"
                yield Problem(tree[part].where, message)


def _label(name: str, settings: Settings, tree: dict, searched: frozenset[str]) -> str:
    """A row's name: the choice's name, its symbols such as ``r=4``, and the other swept fields."""
    marked = {key: word for key, word in symbols(settings).items() if key not in searched}
    swept = [word for field, word in swept_words(tree) if field not in marked]
    return " ".join([name, *marked.values(), *swept])


def _problem(error: Any, tree: Branch) -> Problem:
    """One of pydantic's errors on a trial, with its place in the file."""
    node: Leaf | Branch = tree
    for part in error["loc"]:
        if isinstance(node, Branch) and part in node:
            node = node[part]
    place = node.where
    if error["type"] == "extra_forbidden" and isinstance(place[-1], int):
        place = place[:-1]  # the key is wrong, whichever of its values is tried
    return Problem(place, describe(error, Trial, {("training",): [RECIPE]}))
