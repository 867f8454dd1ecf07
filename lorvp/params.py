"""The schema of params.yaml, and reading it with errors that name the line."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from lorvp.datasets import DatasetConfig
from lorvp.errors import InputError
from lorvp.files import canonical
from lorvp.grid import Point, points
from lorvp.networks import CheckpointConfig
from lorvp.problems import Problem, Where, describe, merged
from lorvp.settings import Name, Settings


class ComputeConfig(Settings):
    """Where trials run. Nothing here changes a result, and no stage depends on it."""

    workers: Annotated[int, Field(ge=1)] | Literal["auto"] = "auto"
    """Trials at once; auto is one for each CPU core, or one for each GPU."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """auto is cuda where there is one, else cpu."""


class TrackingConfig(Settings):
    """Weights & Biases; one run for each trial. Nothing here changes a result."""

    wandb: Literal["disabled", "offline", "online"] = "disabled"
    """offline writes to data/wandb without an account; online needs a login."""
    project: str = "lorvp"
    entity: str | None = None


class Params(Settings):
    """All of params.yaml."""

    datasets: dict[Name, DatasetConfig]
    """Tasks by name, of the networks as well as of the prompts."""
    checkpoints: dict[Name, CheckpointConfig]
    """Frozen networks by name."""
    grid: dict[Name, dict[str, Any]] = Field(min_length=1)
    """Blocks; each stands for the product of its lists."""
    compute: ComputeConfig = ComputeConfig()
    tracking: TrackingConfig = TrackingConfig()


class ParamsError(InputError):
    """params.yaml is wrong; the message has one line for each problem."""


@dataclass(frozen=True)
class Experiment:
    """What params.yaml asks for: its sections, and the grid as a list of trials."""

    params: Params
    points: tuple[Point, ...]


def read(path: Path = Path("params.yaml")) -> Experiment:
    """Read and check all of ``path``.

    Raises:
        ParamsError: with one line, ``params.yaml:LINE:COLUMN: key: what is wrong``, for every
            problem there is.
    """
    try:
        text = path.read_text()
        positions = YAML().load(text)
        raw = YAML(typ="safe", pure=True).load(text)
    except FileNotFoundError as error:
        raise ParamsError(f"{path} does not exist; run this in the project's folder") from error
    except MarkedYAMLError as error:
        raise ParamsError(_yaml_message(path, error)) from error
    found, problems = check(raw)
    if problems:
        lines = (_line(path, positions, problem) for problem in merged(problems))
        raise ParamsError("\n".join(lines))
    assert found is not None
    return found


def check(raw: Any) -> tuple[Experiment | None, list[Problem]]:
    """The experiment in plain data, or everything that is wrong with it."""
    problems: list[Problem] = []
    params = None
    try:
        params = Params.model_validate(raw)
    except ValidationError as error:
        problems += [Problem(_place(e["loc"], raw), describe(e, Params)) for e in error.errors()]
    blocks = raw.get("grid") if isinstance(raw, dict) else None
    all_points: list[Point] = []
    for name, block in (blocks if isinstance(blocks, dict) else {}).items():
        if isinstance(block, dict):
            found, wrong = points(block, ("grid", name))
            all_points += found
            problems += wrong or _unknown_names(found, raw, ("grid", name))
    if problems or params is None:
        return None, problems
    distinct = _with_networks(_distinct(all_points))
    namesakes = [Problem(("grid",), message) for message in _namesakes(distinct)]
    return (None, namesakes) if namesakes else (Experiment(params, distinct), [])


def _distinct(found: list[Point]) -> tuple[Point, ...]:
    """Without trials that an earlier point already stands for."""
    by_settings = {canonical(p.trial.model_dump(mode="json")): p for p in reversed(found)}
    kept = {id(p) for p in by_settings.values()}
    return tuple(p for p in found if id(p) in kept)


def _with_networks(found: tuple[Point, ...]) -> tuple[Point, ...]:
    """Points that name their network, where there are several."""
    if len({point.trial.network for point in found}) < 2:
        return found
    return tuple(replace(point, network=point.trial.network) for point in found)


def _namesakes(found: tuple[Point, ...]) -> list[str]:
    """Different trials of one name, which the tables would take for one."""
    counts = Counter(point.name for point in found)
    twice = {name.rpartition(" · ")[0]: None for name, count in counts.items() if count > 1}
    return [
        f"different settings share the name {name!r}; give a method or mapping another name "
        "and say its kind below it"
        for name in twice
    ]


def _unknown_names(found: list[Point], raw: dict, where: Where) -> list[Problem]:
    problems = []
    for key, section in (("dataset", "datasets"), ("network", "checkpoints")):
        known = list(raw.get(section) or {})
        for name in sorted({getattr(p.trial, key) for p in found} - set(known)):
            message = f"{name!r} is not one of the {section}: {', '.join(known) or 'none'}"
            problems.append(Problem((*where, key), message))
    return problems


def _place(loc: Where, raw: Any) -> Where:
    """pydantic's place without the parts (tags of unions) that are not in the file."""
    place: list[str | int] = []
    for part in loc:
        if isinstance(raw, dict) and part in raw:
            raw = raw[part]
            place.append(part)
    return tuple(place)


def _line(path: Path, positions: Any, problem: Problem) -> str:
    line, column = 0, 0
    for part in problem.where:
        try:
            marks = positions.lc
            line, column = marks.item(part) if isinstance(part, int) else marks.key(part)
            positions = positions[part]
        except (AttributeError, KeyError, TypeError, IndexError):
            break  # a plain value has no places inside it
    key = ".".join(str(part) for part in problem.where)
    return f"{path}:{line + 1}:{column + 1}: {key or 'the file'}: {problem.message}"


def _yaml_message(path: Path, error: MarkedYAMLError) -> str:
    mark = error.problem_mark
    place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
    return f"{path}{place}: not valid YAML: {error.problem or error.context}"
