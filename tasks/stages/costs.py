"""What is known of an experiment before anything is downloaded or trained."""

from __future__ import annotations

from collections.abc import Sequence

from lorvp.datasets import prepared
from lorvp.datasets.adapters import DatasetConfig
from lorvp.datasets.source import Sizes
from lorvp.errors import InputError
from lorvp.performance.estimate import Dataset, Estimate, Network
from lorvp.trials.store import TrialStore, default_root
from tasks.errors import naming
from tasks.jobs import Job, holds, make_jobs
from tasks.paths import CHECKPOINTS, DATASETS
from tasks.settings import RunExperiment


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
        own = getattr(config, "dataset", None)
        with naming(f"checkpoints.{name}"):
            sketch = config.sketch(list(datasets[own].class_names) if own else None)
            networks[name] = Network(*sketch)
    missing = set(experiment.points) - {job.point for job in finished}
    return Estimate(experiment.points, missing, datasets, networks)


def _dataset(name: str, config: DatasetConfig) -> Dataset:
    """The dataset as it is prepared, or else as it was published."""
    folder = DATASETS / name
    if (folder / "manifest.json").exists():
        data = prepared.read(folder)
        return Dataset(Sizes(len(data.class_names), **data.sizes), data.class_names, config.stored)
    with naming(f"datasets.{name}"):
        sizes = _expected(name, config)
    made_up = [f"class number {k}" for k in range(sizes.classes)]  # of a usual length
    return Dataset(sizes, made_up, config.stored)


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
