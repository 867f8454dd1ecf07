"""What is known of an experiment before anything is downloaded or trained."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial

import polars as pl

from lorvp.datasets import prepared
from lorvp.datasets.adapters import DatasetConfig
from lorvp.datasets.source import Sizes
from lorvp.errors import InputError
from lorvp.experiment.searches import Search
from lorvp.networks.acceleration.precision import why_absent, why_slow
from lorvp.performance.estimate import STEP, Estimate, in_sum
from lorvp.performance.lanes import SHARE, kept_bytes
from lorvp.performance.shapes import ShapesAlone
from lorvp.performance.trial_costs import Dataset, Network
from lorvp.trials.store import TrialStore, default_root
from lorvp.tuning.asking import rounds
from lorvp.tuning.halving import going_on, rungs
from tasks.errors import naming
from tasks.jobs import Job, holds, make_jobs
from tasks.machine.lanes import width_in
from tasks.paths import CHECKPOINTS, DATASETS
from tasks.settings import ComputeConfig, RunExperiment
from tasks.stages.usable import numbered


def estimate_of(experiment: RunExperiment, finished: Sequence[Job]) -> Estimate:
    """The estimate of an experiment some of whose trials are ``finished``.

    Raises:
        InputError: the size of a dataset is not known before it is prepared, or a network cannot
            be put together.
    """
    params = experiment.params
    datasets = {name: _dataset(name, config) for name, config in params.datasets.items()}
    networks = {}
    for name, config in params.checkpoints.items():
        own = config.trained_on
        with naming(f"checkpoints.{name}"), ShapesAlone():
            sketch = config.sketch(list(datasets[own].class_names) if own else None)
            networks[name] = Network(*sketch)
    missing = set(experiment.points) - {job.point for job in finished}
    return Estimate(experiment.points, missing, datasets, networks)


def with_searches(estimate: Estimate, experiment: RunExperiment, expected: bool) -> pl.DataFrame:
    """The table of an experiment with the trials of its searches, from nothing: those of all
    settings to the last epoch, or as many epochs of them as halving is ``expected`` to take."""
    searches = experiment.searches
    alone = estimate.table() if estimate.points else pl.DataFrame()
    if not searches:
        return alone
    times = [tries(search, expected) + len(search.seeds) for search in searches]
    points = [search.point for search in searches]
    found = Estimate(points, set(points), estimate.datasets, estimate.networks, times).table()
    return in_sum(pl.concat([alone, found], how="vertical_relaxed")) if alone.height else found


def tries(search: Search, expected: bool) -> float:
    """How many whole trials a search takes: for all its settings, or with those left out that
    halving stops."""
    tune, epochs = search.tune, search.point.trial.training.epochs
    if not expected:
        return tune.budget * len(tune.seeds)
    stops = rungs(epochs, tune.stop_early == "halving")
    trained = 0
    for size in rounds(tune.budget):
        alive, before = size, 0
        for until in stops:
            trained += alive * (until - before)
            alive, before = len(going_on([0.0] * alive)), until
    return trained / epochs * len(tune.seeds)


def steps_of(
    estimate: Estimate, table: pl.DataFrame, compute: ComputeConfig, memory: float | None
) -> pl.DataFrame:
    """Each kind of step of the trials that are to be trained, with its ``lanes`` and, where these
    are several, what all of them ``keep`` in memory for the way back, in bytes.

    ``memory``: bytes of the card's memory, None if the device is no card with its own.
    """
    rows = []
    wanted = table.filter(pl.col("to train") > 0).select(STEP)
    for network, precision, batch in wanted.unique(maintain_order=True).iter_rows():
        load = partial(estimate.load, network)
        lanes = width_in(compute, precision, batch, load, memory)
        keep = kept_bytes(load(), precision, lanes * batch) if lanes > 1 else 0.0
        rows.append((network, precision, batch, lanes, keep))
    types = [pl.String, pl.String, pl.Int64, pl.Int64, pl.Float64]
    names = [*STEP, "lanes", "keep"]
    return pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")


def measured(
    estimate: Estimate, steps: pl.DataFrame, device: str, memory: float | None
) -> pl.DataFrame:
    """``steps`` with their ``speed`` in FLOP/s on this device, all lanes together, and the
    precision that it was ``measured in``: fp32 where this device lacks theirs, or is far slower in
    it, so that measuring would take hours."""
    speed = cache(estimate.speed)
    rows = []
    for step in steps.iter_rows(named=True):
        precision = step["precision"]
        if why_absent(precision, device) or why_slow(precision, device):
            precision = "fp32"
        images = None
        if memory is not None:
            load = estimate.load(step["network"])
            room = int(SHARE * memory / load.bytes(precision))
            images = max(1, min(step["lanes"] * step["batch"], room))
        found = speed(step["network"], device, precision, images)
        # Without a card, lanes go through the network one after another, and none is empty.
        lanes = step["lanes"] if memory is not None else 1
        rows.append(step | {"lanes": lanes, "speed": found, "measured in": precision})
    types = {"speed": pl.Float64, "measured in": pl.String}
    return pl.DataFrame(rows, schema=dict(steps.schema) | types)


def _dataset(name: str, config: DatasetConfig) -> Dataset:
    """The dataset as it is prepared, or else as it was published."""
    folder = DATASETS / name
    if (folder / "manifest.json").exists():
        data = prepared.read(folder)
        return Dataset(Sizes(len(data.class_names), **data.sizes), data.class_names, config.stored)
    with naming(f"datasets.{name}"):
        sizes = _expected(name, config)
    return Dataset(sizes, numbered(sizes.classes), config.stored)


def _expected(name: str, config: DatasetConfig) -> Sizes:
    found = config.expected()
    if found is None:
        raise InputError(
            f"its size is not known before it is prepared: run `dvc repro datasets@{name}` first"
        )
    return found


def finished_jobs(experiment: RunExperiment) -> list[Job]:
    """Trials with a result; none as long as data or networks are not prepared."""
    places = [DATASETS / point.trial.dataset for point in experiment.points]
    places += [CHECKPOINTS / point.trial.network for point in experiment.points]
    if not all((place / "manifest.json").exists() for place in set(places)):
        return []
    return [job for job in make_jobs(experiment, TrialStore(default_root())) if holds(job)]
