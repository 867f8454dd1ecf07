"""The schema of params.yaml, and what it asks for as a list of trials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import Field, ValidationError

from lorvp.datasets.adapters import DatasetConfig
from lorvp.datasets.image_files import TestOnly
from lorvp.errors import InputError
from lorvp.experiment import same_trials, yaml_positions
from lorvp.experiment.grid import ENOUGH, MOST, Point, points, too_many, trials_in
from lorvp.experiment.text_problems import of_names, of_text
from lorvp.networks.sources import CheckpointConfig
from lorvp.settings import Name, Settings
from lorvp.text.problems import Problem, Where, describe, errors_of, merged
from lorvp.text.quoted import listed, shown


class Params(Settings):
    """The sections of params.yaml on which results depend."""

    datasets: dict[Name, DatasetConfig]
    """Tasks by name, of the networks as well as of the prompts."""
    checkpoints: dict[Name, CheckpointConfig]
    """Frozen networks by name."""
    grid: dict[Name, dict[str, Any]] = Field(min_length=1)
    """Blocks; each stands for the product of its lists."""


class WithOthers(Params):
    """Sections of the pipeline that runs the trials may stand beside them, and are not looked at;
    the pipeline reads them itself (``tasks/settings.py``)."""

    compute: Any = None
    tracking: Any = None


P = TypeVar("P", bound=Params, covariant=True)


LINES = 100
"""Of a message."""


class ParamsError(InputError):
    """params.yaml is wrong; the message has one line for each problem."""


@dataclass(frozen=True)
class Experiment(Generic[P]):
    """What params.yaml asks for: its sections, and the grid as a list of trials."""

    params: P
    points: tuple[Point, ...]
    shared: tuple[str, ...] = ()
    """Sentences on different names of the same trials."""


def read(path: Path = Path("params.yaml")) -> Experiment[Params]:
    """Read and check the sections of ``path`` on which results depend; see ``read_as``."""
    return read_as(WithOthers, path)


def read_as(kind: type[P], path: Path) -> Experiment[P]:
    """Read and check all of ``path``, whose sections are those of ``kind``.

    Raises:
        ParamsError: with one line, ``params.yaml:LINE:COLUMN: key: what is wrong``, for every
            problem there is, or for the first hundred.
    """
    try:
        file = yaml_positions.read(path)
    except yaml_positions.YamlError as error:
        raise ParamsError(str(error)) from error
    experiment, problems = check(file.data, kind)
    if problems:
        raise ParamsError(_told(file, problems))
    assert experiment is not None
    return experiment


def _told(file: yaml_positions.YamlFile, problems: list[Problem]) -> str:
    """A line for each of the first problems of the file, which are more than anybody mends."""
    in_order = sorted(merged(problems), key=lambda problem: file.place(problem.where))
    lines = [file.line(problem.where, problem.message) for problem in in_order[:LINES]]
    more = len(in_order) - LINES
    return "\n".join([*lines, *([f"{file.path}: and {more:,} more"] if more > 0 else [])])


def check(raw: Any, kind: type[P]) -> tuple[Experiment[P] | None, list[Problem]]:
    """The experiment in plain data, or everything that is wrong with it."""
    problems: list[Problem] = []
    params = None
    try:
        params = kind.model_validate(raw)
    except ValidationError as error:
        problems += [Problem(_place(e["loc"], raw), describe(e, kind)) for e in errors_of(error)]
    sections = raw if isinstance(raw, dict) else {}
    problems += of_text(raw)
    problems += of_names(sections)
    problems += _unknown_datasets(sections)
    problems += _without_training_images(params, sections) if params else []
    found, wrong = _all_points(sections)
    problems += wrong
    once, shared = same_trials.distinct(found)
    distinct = _with_networks(once)
    problems += [] if problems else _namesakes(distinct)
    if problems or params is None:
        return None, problems
    return Experiment(params, distinct, (*shared, *_one_under_two_keys(params, distinct))), []


def _all_points(sections: dict) -> tuple[list[Point], list[Problem]]:
    """The points of all blocks that are well-formed enough to be expanded."""
    blocks = sections.get("grid")
    named = {"dataset": sections.get("datasets"), "network": sections.get("checkpoints")}
    known = {key: list(section) for key, section in named.items() if isinstance(section, dict)}
    blocks = blocks if isinstance(blocks, dict) else {}
    shaped = {name: block for name, block in blocks.items() if isinstance(block, dict)}
    numbers = [trials_in(block) for block in shaped.values()]
    if sum(numbers) > MOST >= max(numbers):
        return [], [Problem(("grid",), too_many(sum(numbers)))]
    all_found, all_wrong = [], []
    for name, block in shaped.items():
        if len(all_wrong) <= ENOUGH:
            found, wrong = points(block, ("grid", name), known)
            all_found += found
            all_wrong += wrong
    return all_found, all_wrong


def _unknown_datasets(sections: dict) -> Iterator[Problem]:
    """Checkpoints that would be trained on a dataset that is not there."""
    datasets, checkpoints = sections.get("datasets"), sections.get("checkpoints")
    if not isinstance(datasets, dict) or not isinstance(checkpoints, dict):
        return
    for name, settings in checkpoints.items():
        wanted = settings.get("dataset") if isinstance(settings, dict) else None
        if isinstance(wanted, str) and wanted not in datasets:
            message = f"there is no dataset {shown(wanted)} in this file. There is: "
            yield Problem(("checkpoints", name, "dataset"), message + listed(datasets))


def _without_training_images(params: Params, sections: dict) -> Iterator[Problem]:
    """Datasets with test images only, of which none knows what they test, or trained on."""
    only = {name: d for name, d in params.datasets.items() if isinstance(d, TestOnly)}
    for name, config in only.items():
        if config.of not in params.datasets:
            place = ("datasets", name, "of")
            yield Problem(place, f"there is no dataset {shown(config.of)} in this file")
    users = {("checkpoints", n): c for n, c in sections.get("checkpoints", {}).items()}
    users |= {("grid", n): block for n, block in sections.get("grid", {}).items()}
    for place, settings in users.items():
        chosen = settings.get("dataset")
        chosen = chosen if isinstance(chosen, list) else [chosen]
        for name in (name for name in only if name in chosen):
            message = f"{name} has only test images; prompts of {only[name].of} are tested on it"
            yield Problem((*place, "dataset"), message)


def _one_under_two_keys(params: Params, points: tuple[Point, ...]) -> Iterator[str]:
    trials = [point.trial for point in points]
    yield from same_trials.namesakes("datasets", params.datasets, {t.dataset for t in trials})
    yield from same_trials.namesakes("checkpoints", params.checkpoints, {t.network for t in trials})


def _with_networks(found: tuple[Point, ...]) -> tuple[Point, ...]:
    """Points that name their network, where there are several."""
    if len({point.trial.network for point in found}) < 2:
        return found
    return tuple(replace(point, network=point.trial.network) for point in found)


def _namesakes(found: tuple[Point, ...]) -> list[Problem]:
    """Different trials of one name, which the tables would take for one."""
    counts = Counter(point.name for point in found)
    twice = {name.rpartition(" · ")[0]: None for name, count in counts.items() if count > 1}
    advice = "give a method or mapping another name and say its kind below it"
    return [
        Problem(("grid",), f"different settings share the name {shown(name)}; {advice}")
        for name in twice
    ]


def _place(loc: Where, raw: Any) -> Where:
    """pydantic's place without the parts (tags of unions) that are not in the file."""
    place: list[str | int] = []
    for part in loc:
        if isinstance(raw, dict) and part in raw:
            raw = raw[part]
            place.append(part)
    return tuple(place)
