"""A search with the trials of its settings, by what there is of them in a store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lorvp.datasets import prepared
from lorvp.errors import InputError
from lorvp.experiment.searches import Key, Search
from lorvp.experiment.trial import Candidate, Point
from lorvp.training.built import built
from lorvp.trials.store import TrialStore
from lorvp.trials.verified import read_record
from lorvp.tuning.relevance import RATES, relevant, roles
from lorvp.tuning.replay import Outcome, Replay, Wanted, replay
from tasks.jobs import Job, make_job, manifest_of
from tasks.paths import CHECKPOINTS, DATASETS


@dataclass(frozen=True)
class Sought:
    """A search as far as it has come."""

    replay: Replay
    jobs: list[Job]
    """The trials of its settings that it has asked for."""
    missing: list[Job]
    """Those without a result; when they have one, it goes on."""
    finals: list[Job]
    """The trials of the chosen setting, once there is one."""
    problem: str = ""
    """Why there will be none."""


def sought(search: Search, store: TrialStore, finished: Callable[[Job], bool]) -> Sought:
    """Walk through a search; ``finished`` says whether a trial has a result in ``store``.

    Raises:
        InputError: the method or the mapping does not fit the network, whatever the setting.
    """
    trial, jobs, missing = search.point.trial, dict[str, Job](), dict[str, Job]()
    trained = _roles(search)
    epochs = trial.training.epochs if trained else 1

    def look(wanted: Wanted) -> Outcome | None:
        if why := _why_not(wanted.trial):
            return Outcome(None, why=why)
        job = make_job(_point(search, wanted, epochs), store)
        jobs[job.fingerprint] = job
        if finished(job):
            return _outcome(read_record(store.folder(job.fingerprint)))
        missing[job.fingerprint] = job
        return None

    found = replay(search, relevant(search, trained), epochs, look)
    if missing:
        return Sought(found, list(jobs.values()), list(missing.values()), [])
    if found.keys and found.chosen is None:
        return Sought(found, list(jobs.values()), [], [], _all_useless(found))
    finals = [make_job(point, store) for point in final_points(found)]
    return Sought(found, list(jobs.values()), [], finals)


def final_points(found: Replay) -> list[Point]:
    """The trials of the chosen setting, or of the one that is written where none is searched."""
    search, chosen = found.search, found.chosen
    values = {key: chosen.values[key.name] for key in found.keys} if chosen else {}
    named = replace(search.point, method=search.row, tuned=search.tune.budget, tags=("tuned",))
    return [replace(named, trial=search.trial(values, seed=seed)) for seed in search.seeds]


def _point(search: Search, wanted: Wanted, epochs: int) -> Point:
    until = f" to epoch {wanted.until}" if wanted.trial.stop_after else ""
    tags = ("search", f"round {wanted.round + 1}", f"rung {wanted.rung + 1}")
    said = f"setting {wanted.number + 1}{until}"
    return replace(search.point, trial=wanted.trial, training=said, tags=tags)


def _outcome(record: dict) -> Outcome:
    summary = record["summary"]
    if (why := summary.get("diverged")) is not None:
        return Outcome(None, epochs=summary["epochs"], why=why)
    return Outcome(summary["val_accuracy"], summary["val_loss"], summary["epochs"])


def _roles(search: Search) -> set[str]:
    """What is trained: as written, or else with the first value that can be built of those that
    are searched. Where none can, each setting will be found to be of no use.

    Raises:
        InputError: what is not searched does not fit the network.
    """
    built = [key for key in search.keys if key.path[0] != "training"]
    values = [{}, *({key: value} for key in built for value in _some(key))]
    reasons: list[InputError] = []
    for setting in values:
        with suppress(ValidationError):
            trial = search.trial(setting)
            manifest = manifest_of(CHECKPOINTS / trial.network)
            names = prepared.read(DATASETS / trial.dataset).class_names
            try:
                return roles(trial, manifest.canvas, manifest.ends(names))
            except InputError as error:
                reasons.append(error)
    if not built:
        raise InputError(f"params.yaml: grid: {search.name}: {reasons[0]}") from reasons[0]
    return {"content", *RATES}


def _some(key: Key) -> tuple[Any, ...]:
    """All choices, or the ends of a range."""
    return key.choices or (key.value(key.low), key.value(key.high))


def _why_not(trial: Candidate) -> str:
    """Why a setting cannot be built on its network; nothing if it can be."""
    settings = trial.model_dump_json(include={"dataset", "network", "method", "mapping"})
    return _why_not_built(settings, CHECKPOINTS.absolute())


@lru_cache(maxsize=10_000)
def _why_not_built(settings: str, checkpoints: Path) -> str:
    trial = Candidate.model_validate_json(settings)
    manifest = manifest_of(CHECKPOINTS / trial.network)
    names = prepared.read(DATASETS / trial.dataset).class_names
    try:
        built(trial, manifest.canvas, manifest.ends(names))
    except InputError as error:
        return str(error)
    return ""


def _all_useless(found: Replay) -> str:
    reasons = Counter(one.why.partition(",")[0] for one in found.tried if one.why)
    told = "; ".join(f"{number} × {why}" for why, number in reasons.most_common(3))
    return f"{found.search.name}: none of the {len(found.tried)} settings tried is of use ({told})"
