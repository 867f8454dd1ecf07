"""params.yaml: its sections, and the list of trials that it asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import Field, ValidationError

from lorvp.datasets.adapters import DatasetConfig
from lorvp.errors import InputError
from lorvp.experiment import same_trials, yaml_file
from lorvp.experiment.declared import DIFFERS, without
from lorvp.experiment.grid import ENOUGH, MOST, Found, Point, block_of, too_many, trials_in
from lorvp.experiment.searches import TUNE, Search
from lorvp.experiment.sections import (
    same_names,
    same_searches,
    unknown_datasets,
    without_training_images,
)
from lorvp.experiment.text_problems import names_alike, unprintable_text
from lorvp.experiment.yaml_positions import YamlFile
from lorvp.networks.sources import CheckpointConfig
from lorvp.settings import Name, Settings
from lorvp.text.problems import Problem, Where, describe, errors_of, merged


class Params(Settings):
    """The sections of params.yaml on which results depend."""

    datasets: dict[Name, DatasetConfig]
    """Tasks by name, of the networks as well as of the prompts."""
    checkpoints: dict[Name, CheckpointConfig] = Field(default={})
    """Frozen networks by name; none are needed to prepare datasets."""
    grid: dict[Name, dict[str, Any]] = Field(default={})
    """Blocks; each stands for the product of its lists."""


class WithOthers(Params):
    """Sections of the pipeline that runs the trials may stand beside them, and are not looked at;
    the pipeline reads them itself (``tasks/settings``)."""

    compute: Any = None
    tracking: Any = None


P = TypeVar("P", bound=Params, covariant=True)


LINES = 100
"""Problems that one message lists."""


class ParamsError(InputError):
    """params.yaml is wrong; the message has one line for each problem."""


@dataclass(frozen=True)
class Experiment(Generic[P]):
    """What params.yaml asks for: its sections, and the grid as a list of trials."""

    params: P
    points: tuple[Point, ...]
    shared: tuple[str, ...] = ()
    """A sentence for each two names of the same trials, and for each key of ``tune`` that some
    rows do without."""
    searches: tuple[Search, ...] = ()
    """Rows whose settings are to be found; their trials are not among the points."""


def read(path: Path = Path("params.yaml")) -> Experiment[Params]:
    """Read and check the sections of ``path`` on which results depend; see ``read_as``."""
    return read_as(WithOthers, path)


def read_as(kind: type[P], path: Path) -> Experiment[P]:
    """Read and check all of ``path``, whose sections are those of ``kind``.

    Raises:
        ParamsError: with a line ``params.yaml:LINE:COLUMN: key: what is wrong`` for each of the
            first hundred problems.
    """
    try:
        file = yaml_file.read(path)
    except yaml_file.YamlError as error:
        raise ParamsError(str(error)) from error
    experiment, problems = check(file.data, kind)
    if problems:
        raise ParamsError(_told(file, problems))
    assert experiment is not None
    return experiment


def _told(file: YamlFile, problems: list[Problem]) -> str:
    """A line for each of the first LINES problems, in the order of the file."""
    in_order = sorted(merged(problems), key=lambda problem: file.place(problem.where))
    lines = [file.line(problem.where, problem.message) for problem in in_order[:LINES]]
    more = len(in_order) - LINES
    return "\n".join([*lines, *([f"{file.path}: and {more:,} more"] if more > 0 else [])])


def check(raw: Any, kind: type[P]) -> tuple[Experiment[P] | None, list[Problem]]:
    """The experiment that plain data ask for, or all problems of the data."""
    problems: list[Problem] = []
    params = None
    try:
        params = kind.model_validate(raw)
    except ValidationError as error:
        problems += [Problem(_place(e["loc"], raw), describe(e, kind)) for e in errors_of(error)]
    sections = raw if isinstance(raw, dict) else {}
    problems += unprintable_text(raw)
    problems += names_alike(sections)
    problems += unknown_datasets(sections)
    problems += without_training_images(params.datasets, sections) if params else []
    found = _all_blocks(sections)
    problems += found.problems
    once, shared = same_trials.distinct(found.points)
    several = len({p.trial.network for p in (*once, *(s.point for s in found.searches))}) > 1
    distinct = tuple(_with_network(point) if several else point for point in once)
    searches = tuple(
        replace(s, point=_with_network(s.point)) if several else s for s in found.searches
    )
    problems += [] if problems else [*same_names(distinct), *same_searches(searches)]
    if problems or params is None:
        return None, problems
    every = [*distinct, *(search.point for search in searches)]
    sentences = (*shared, *found.sentences, *_one_under_two_keys(params, every))
    return Experiment(params, distinct, sentences, searches), []


def _all_blocks(sections: dict) -> Found:
    """What all blocks ask for, and their problems; a block that is no mapping is skipped."""
    blocks = sections.get("grid")
    named = {"dataset": sections.get("datasets"), "network": sections.get("checkpoints")}
    known = {key: list(section) for key, section in named.items() if isinstance(section, dict)}
    blocks = blocks if isinstance(blocks, dict) else {}
    shaped = {name: block for name, block in blocks.items() if isinstance(block, dict)}
    numbers = [trials_in(without(block, TUNE, DIFFERS)) for block in shaped.values()]
    if sum(numbers) > MOST >= max(numbers):
        return Found([], [Problem(("grid",), too_many(sum(numbers)))])
    every = Found([], [])
    for name, block in shaped.items():
        if len(every.problems) <= ENOUGH:
            found = block_of(block, ("grid", name), known)
            for part in fields(Found):
                getattr(every, part.name).extend(getattr(found, part.name))
    return every


def _one_under_two_keys(params: Params, points: Sequence[Point]) -> Iterator[str]:
    trials = [point.trial for point in points]
    yield from same_trials.equal_settings("datasets", params.datasets, {t.dataset for t in trials})
    yield from same_trials.equal_settings(
        "checkpoints", params.checkpoints, {t.network for t in trials}
    )


def _with_network(point: Point) -> Point:
    """The point with the name of its network, which an experiment of several has."""
    return replace(point, network=point.trial.network)


def _place(loc: Where, raw: Any) -> Where:
    """A place in the file: pydantic's, without the tags of unions, which the file does not have."""
    place: list[str | int] = []
    for part in loc:
        if isinstance(raw, dict) and part in raw:
            raw = raw[part]
            place.append(part)
    return tuple(place)
