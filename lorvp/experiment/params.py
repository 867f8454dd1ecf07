"""The schema of params.yaml, and what it asks for as a list of trials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from lorvp.datasets.adapters import DatasetConfig
from lorvp.datasets.image_files import TestOnly
from lorvp.errors import InputError
from lorvp.experiment import same_trials, yaml_positions
from lorvp.experiment.grid import ENOUGH, MOST, Point, points, too_many, trials_in
from lorvp.experiment.text_problems import of_names, of_text
from lorvp.networks.sources import CheckpointConfig
from lorvp.settings import LARGEST, Count, Name, Positive, Settings
from lorvp.text.problems import Problem, Where, describe, errors_of, merged
from lorvp.text.quoted import listed, shown


class ComputeConfig(Settings):
    """Where trials run. Nothing here changes a result, and no stage depends on it."""

    workers: Count | Literal["auto"] = "auto"
    """Trials at once; auto is one for each CPU core, or `trials_per_device` for each GPU."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """auto is cuda where there is one, else cpu."""
    trials_per_device: Count = 1
    """Trials that share a GPU; small networks leave most of one idle."""
    retries: int = Field(default=1, ge=0, le=1000)
    """How often a trial is tried again when its worker died, memory or time ran out, or a file
    could not be read; it goes on after its last whole epoch. One that diverged is not."""
    time_limit: Positive | None = None
    """Minutes for one try of a trial; none unless given."""
    runner: Literal["local", "ray", "dask"] = "local"
    """What trials run on: processes of this machine, or Ray or Dask (`uv sync --extra ray`)."""
    cluster: str | None = None
    """Where a Ray or Dask cluster listens, such as `10.0.0.5:6379` or `tcp://10.0.0.5:8786`;
    unless given, one is started on this machine for the time of the run."""
    share: str | None = None
    """A folder that every machine of the cluster sees, or a URL such as `s3://bucket/lorvp`: data
    go out and finished trials come back through it."""
    cpus: float = Field(default=1, gt=0, le=LARGEST)
    """Cores that a cluster keeps for a trial, which itself uses one."""
    gpus: float = Field(default=0, ge=0, le=1)
    """The part of a GPU that a cluster keeps for a trial; 0.5 lets two share one."""
    slow_precision: bool = False
    """Train in a `precision` that the device computes far slower than fp32, such as bf16 on a
    processor without bf16 products, instead of refusing it."""

    @model_validator(mode="after")
    def _what_the_runner_needs(self) -> Self:
        elsewhere = [key for key in ("cluster", "share") if getattr(self, key) is not None]
        if self.runner == "local" and elsewhere:
            raise ValueError(f"{elsewhere[0]} is for runner: ray or dask; the runner here is local")
        if self.cluster and not self.share:
            raise ValueError(
                "cluster needs a share: a folder that all its machines see, or a URL such as "
                "s3://bucket/lorvp"
            )
        if self.runner != "local" and self.device == "cuda" and not self.gpus:
            raise ValueError("device is cuda, so gpus should say how much of one a trial gets: 1")
        return self


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


LINES = 100
"""Of a message."""


class ParamsError(InputError):
    """params.yaml is wrong; the message has one line for each problem."""


@dataclass(frozen=True)
class Experiment:
    """What params.yaml asks for: its sections, and the grid as a list of trials."""

    params: Params
    points: tuple[Point, ...]
    shared: tuple[str, ...] = ()
    """Sentences on different names of the same trials."""


def read(path: Path = Path("params.yaml")) -> Experiment:
    """Read and check all of ``path``.

    Raises:
        ParamsError: with one line, ``params.yaml:LINE:COLUMN: key: what is wrong``, for every
            problem there is, or for the first hundred.
    """
    try:
        file = yaml_positions.read(path)
    except yaml_positions.YamlError as error:
        raise ParamsError(str(error)) from error
    experiment, problems = check(file.data)
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


def check(raw: Any) -> tuple[Experiment | None, list[Problem]]:
    """The experiment in plain data, or everything that is wrong with it."""
    problems: list[Problem] = []
    params = None
    try:
        params = Params.model_validate(raw)
    except ValidationError as error:
        problems += [Problem(_place(e["loc"], raw), describe(e, Params)) for e in errors_of(error)]
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
