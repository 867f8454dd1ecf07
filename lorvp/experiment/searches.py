"""Searches: rows of the grid whose settings are to be found, see ``tune.py``.

A block with ``tune`` stands for the product of its lists as any other does. Its trials that differ
only in the seed are one search, and a search ends in one setting, trained with all of these seeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from lorvp.experiment.trial import RECIPE, Point, Trial
from lorvp.experiment.tune import Range, TuneConfig
from lorvp.recipe import TrainingConfig
from lorvp.settings import Settings
from lorvp.text.problems import Problem, Where, describe, errors_of
from lorvp.text.quoted import listed, shown, similar

TUNE = "tune"
PARTS = ("training", "method", "mapping")
"""Where a key is looked for, in this order."""
FIXED = ("epochs", "precision", "compile", "test_every_epoch", "kind")
"""Keys that are not searched: they say what a trial costs, how it computes, or what it is."""
MOST = 100_000
"""Settings that a block may try."""

Raw = float | int
"""A value as searches handle it: a number of a range, or the place in a list of choices."""


@dataclass(frozen=True)
class Key:
    """A setting that is searched."""

    name: str
    path: tuple[str, ...]
    """Its place in a trial, such as ("method", "content", "rank")."""
    choices: tuple[Any, ...] = field(default=(), hash=False)  # some are mappings
    """All values, or none of them for a range."""
    low: float = 0
    high: float = 0
    log: bool = False
    whole: bool = False
    """Whether a range has whole numbers only."""

    def value(self, raw: Raw) -> Any:
        """The setting itself; numbers of a range have four digits that can be copied."""
        if self.choices:
            return self.choices[int(raw)]
        return int(raw) if self.whole else min(max(float(f"{raw:.4g}"), self.low), self.high)


@dataclass(frozen=True)
class Search:
    """A row of the grid whose setting is to be found."""

    point: Point
    """Its trial as written, with the first seed; names without what is searched."""
    seeds: tuple[int, ...]
    """Of the trials of the chosen setting."""
    tune: TuneConfig
    keys: tuple[Key, ...]

    @property
    def row(self) -> str:
        """The name of the method in the tables, such as ``lor_vp tuned=16``."""
        return f"{self.point.method} tuned={self.tune.budget}"

    @property
    def name(self) -> str:
        """Such as ``lor_vp tuned=16 · lp · digits``."""
        point, trial = self.point, self.point.trial
        words = [self.row, point.mapping, trial.dataset, point.network]
        return " · ".join(filter(None, words))

    def trial(self, setting: Mapping[Key, Any], kind: type[Trial] = Trial, **more: Any) -> Trial:
        """The trial with these values in place of those written.

        Raises:
            ValidationError: they do not fit each other.
        """
        return _with(self.point.trial, {key.path: v for key, v in setting.items()}, kind, **more)


def searches(
    found: Sequence[Point], raw: Any, where: Where
) -> tuple[list[Search], list[Problem], list[str]]:
    """The searches of a block, all problems of its ``tune``, and a sentence for each key that some
    methods lack. ``found`` are the block's points, ``raw`` is what is written under ``tune``."""
    place = (*where, TUNE)
    try:
        tune = TuneConfig.model_validate(raw)
    except ValidationError as error:
        problems = [p for e in errors_of(error) for p in _problems(e, place, raw)]
        return [], list(dict.fromkeys(problems)), []
    problems = [*_swept(found, where), *_fixed(tune, place)]
    if problems:
        return [], list(dict.fromkeys(problems)), []
    made = [_search(points, tune) for points in _by_row(found)]
    tries = len(made) * tune.budget * len(tune.seeds)
    if tries > MOST:
        message = f"stands for {tries:,} settings to be tried; a block may have {MOST:,}"
        return [], [Problem((*place, "budget"), message)], []
    problems = [*_unknown(made, tune, place), *(p for s in made for p in _unfit(s, place))]
    return made, list(dict.fromkeys(problems)), list(_left_out(made, tune))


def _by_row(found: Sequence[Point]) -> list[list[Point]]:
    rows: dict[str, list[Point]] = {}
    for point in found:
        rows.setdefault(point.name.rpartition(" · ")[0], []).append(point)
    return list(rows.values())


def _search(points: list[Point], tune: TuneConfig) -> Search:
    first = points[0]
    keys = (_key(first.trial, name, space) for name, space in tune.keys.items())
    seeds = dict.fromkeys(point.trial.seed for point in points)
    return Search(first, tuple(seeds), tune, tuple(key for key in keys if key is not None))


def _key(trial: Trial, name: str, space: Range | list[Any]) -> Key | None:
    """The key, if this trial has such a setting."""
    path = next(filter(None, (_path(getattr(trial, part), name, (part,)) for part in PARTS)), None)
    if path is None:
        return None
    if isinstance(space, list):
        return Key(name, path, tuple(space))
    key = Key(name, path, (), space.low, space.high, space.log)
    middle = space.low + (space.high - space.low) * 0.3819660112501051  # no whole number
    try:
        _with(trial, {path: middle})
    except ValidationError as error:
        kinds = {e["type"] for e in error.errors()}
        if kinds & {"int_type", "int_from_float"}:
            return Key(name, path, (), space.low, space.high, space.log, whole=True)
    return key


def _path(settings: Settings, name: str, above: tuple[str, ...]) -> tuple[str, ...] | None:
    """The place of a setting in ``settings``, or the first place deeper inside."""
    fields = type(settings).model_fields
    if name in fields:
        return (*above, name)
    inner = ((field, getattr(settings, field)) for field in fields)
    deeper = (_path(s, name, (*above, f)) for f, s in inner if isinstance(s, Settings))
    return next(filter(None, deeper), None)


def _with(
    trial: Trial, values: Mapping[tuple[str, ...], Any], kind: type[Trial] = Trial, **more: Any
) -> Trial:
    """The trial with other values at these places."""
    settings = trial.model_dump()
    for path, value in values.items():
        _put(settings, path, value)
    return kind.model_validate(settings | more)


def _put(settings: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for part in path[:-1]:
        settings = settings[part]
    settings[path[-1]] = value


def _problems(error: Any, place: Where, raw: Any) -> Iterator[Problem]:
    """One of pydantic's errors on ``tune``; what is searched is a range or a list, and has errors
    of both, of which one says nothing."""
    name, *inside = error["loc"] or [""]
    if not error["loc"] or name in TuneConfig.model_fields or name not in raw:
        shown_at = [part for part in error["loc"] if isinstance(raw, dict) and part in raw]
        yield Problem((*place, *shown_at), describe(error, TuneConfig))
        return
    written, a_list = raw[name], error["type"].startswith(("list", "too_"))
    if not isinstance(written, dict | list):
        a_range = "a range `{low: …, high: …}`"
        message = f"should be {a_range} or a list of choices (got {shown(written)})"
        yield Problem((*place, name), message)
    elif isinstance(written, list) == a_list:
        error = error | {"loc": tuple(inside[1:])}
        deeper = [part for part in inside if isinstance(written, dict) and part in written]
        yield Problem((*place, name, *deeper), describe(error, Range))


def _swept(found: Sequence[Point], where: Where) -> Iterator[Problem]:
    for point in found:
        if point.training:
            key = point.training.partition("=")[0]
            message = (
                f"{key} has several values beside `tune`, among which validation would choose as "
                "well, so that the budget would not be what it says; search it in `tune`"
            )
            yield Problem((*where, "training", key), message)


def _fixed(tune: TuneConfig, place: Where) -> Iterator[Problem]:
    for name in tune.keys:
        if name in FIXED:
            message = f"is not searched: {', '.join(FIXED)} are the same in all settings tried"
            yield Problem((*place, name), message)


def _unknown(made: list[Search], tune: TuneConfig, place: Where) -> Iterator[Problem]:
    """Keys that no row has."""
    known = {key.name for search in made for key in search.keys}
    for name in tune.keys:
        if name not in known:
            names = sorted({n for search in made for n in _names(search.point.trial)})
            near = similar(name, names, 1, 0.6)
            hint = f"; did you mean {near[0]!r}?" if near else f". There is: {listed(names)}"
            message = f"no training, method or mapping of this block has a setting {shown(name)}"
            yield Problem((*place, name), message + hint)


def _names(settings: Settings) -> Iterator[str]:
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, Settings):
            yield from _names(value)
        if name not in FIXED and not isinstance(settings, Trial):
            yield name


def _unfit(search: Search, place: Where) -> Iterator[Problem]:
    """Values that the settings cannot have, and keys one of which replaces the other."""
    for key in search.keys:
        above = [k for k in search.keys if k is not key and key.path[: len(k.path)] == k.path]
        if above:
            message = f"is part of {above[0].name}, which is searched as a whole"
            yield Problem((*place, key.name), message)
        if key.choices:
            values = [((key.name, i), choice) for i, choice in enumerate(key.choices)]
        else:
            ends = [int(v) if key.whole else v for v in (key.low, key.high)]
            values = [((key.name, end), v) for end, v in zip(("low", "high"), ends, strict=True)]
        for inside, value in values:
            try:
                _with(search.point.trial, {key.path: value})
            except ValidationError as error:
                message = describe(errors_of(error)[0], Trial, {("training",): [RECIPE]})
                yield Problem((*place, *inside), message)


def _left_out(made: list[Search], tune: TuneConfig) -> Iterator[str]:
    """A sentence for each key that some methods and mappings lack."""
    for name in tune.keys:
        if name in TrainingConfig.model_fields:
            continue
        lacking = [s.point for s in made if all(key.name != name for key in s.keys)]
        words = dict.fromkeys(f"{point.method} · {point.mapping}" for point in lacking)
        if words:
            yield f"tune: {name} is no setting of {listed(words)}, which are tuned without it."
