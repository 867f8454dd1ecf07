"""What an experiment will cost: printed before anything is downloaded or trained."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import polars as pl
import torch

from lorvp.datasets import prepared
from lorvp.datasets.source import Sizes
from lorvp.errors import InputError
from lorvp.experiment.trial import Point, Trial
from lorvp.files.whole import canonical
from lorvp.networks.acceleration.account import Account
from lorvp.networks.acceleration.engine import engine
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.manifest import CheckpointManifest
from lorvp.performance import flops as cost
from lorvp.trials.store import TrialStore, default_root
from tasks.errors import naming
from tasks.jobs import Job, holds, make_jobs
from tasks.paths import CHECKPOINTS, DATASETS
from tasks.settings import RunExperiment


class Estimate:
    """Costs of an experiment's trials, each thing in it looked at once."""

    def __init__(self, experiment: RunExperiment) -> None:
        self.experiment, self.params = experiment, experiment.params
        self._sizes: dict[str, Sizes] = {}
        self._names: dict[str, list[str]] = {}
        self._sketches: dict[str, tuple[CheckpointManifest, FrozenNetwork]] = {}
        self._images: dict[bytes, cost.PerImage] = {}

    def sizes(self, dataset: str) -> Sizes:
        """Prepared, or else as published.

        Raises:
            InputError: nobody knows how many images it has before it is prepared.
        """
        if dataset not in self._sizes:
            folder = DATASETS / dataset
            if (folder / "manifest.json").exists():
                data = prepared.read(folder)
                self._names[dataset] = data.class_names
                self._sizes[dataset] = Sizes(len(data.class_names), **data.sizes)
            else:
                with naming(f"datasets.{dataset}"):
                    self._sizes[dataset] = self._expected(dataset)
        return self._sizes[dataset]

    def _expected(self, dataset: str) -> Sizes:
        found = self.params.datasets[dataset].expected()
        if found is None:
            raise InputError(
                "its size is not known before it is prepared: "
                f"run `dvc repro datasets@{dataset}` first"
            )
        return found

    def names(self, dataset: str) -> list[str]:
        """Of the target classes; made up, and of a usual length, until the dataset is there."""
        classes = self.sizes(dataset).classes
        return self._names.get(dataset) or [f"class number {k}" for k in range(classes)]

    def sketch(self, network: str) -> tuple[CheckpointManifest, FrozenNetwork]:
        if network not in self._sketches:
            config = self.params.checkpoints[network]
            own = getattr(config, "dataset", None)
            with naming(f"checkpoints.{network}"):
                self._sketches[network] = config.sketch(self.names(own) if own else None)
        return self._sketches[network]

    def trial(self, point: Point) -> cost.Cost:
        """Of one trial.

        Raises:
            InputError: its parts do not fit each other.
        """
        names, sketch = self.names(point.trial.dataset), self.sketch(point.trial.network)
        with naming(f"grid: {point.method} · {point.mapping}"):
            return self._trial(point.trial, names, *sketch)

    def _trial(
        self,
        trial: Trial,
        names: list[str],
        manifest: CheckpointManifest,
        network: FrozenNetwork,
    ) -> cost.Cost:
        ends = manifest.ends(names)
        mapping = trial.mapping.build(ends)
        settings = [trial.method.model_dump(mode="json"), mapping.reads, ends.source_classes]
        key = canonical([trial.network, *settings])
        if key not in self._images:
            self._images[key] = cost.per_image(
                trial.method, manifest, network, names, mapping.reads
            )
        return cost.of_trial(trial, mapping, self.sizes(trial.dataset), self._images[key])

    @cached_property
    def finished(self) -> list[Job]:
        """Those with a result; none as long as data or networks are not prepared."""
        places = [DATASETS / p.trial.dataset for p in self.experiment.points]
        places += [CHECKPOINTS / p.trial.network for p in self.experiment.points]
        if not all((place / "manifest.json").exists() for place in set(places)):
            return []
        jobs = make_jobs(self.experiment, TrialStore(default_root()))
        return [job for job in jobs if holds(job)]

    @cached_property
    def missing(self) -> set[Point]:
        """Points without a result."""
        return set(self.experiment.points) - {job.point for job in self.finished}

    def table(self) -> pl.DataFrame:
        """One row for each dataset and network: trials, passes and FLOPs of those to train."""
        rows = []
        kept: set[bytes] = set()
        for point in self.experiment.points:
            found, todo = self.trial(point), point in self.missing
            passes, flops = found.image_passes * todo, found.flops * todo
            if found.kept and todo:
                key = self._outputs(point.trial)
                passes, flops = (0, 0.0) if key in kept else (passes, flops)
                kept.add(key)
            rows.append(
                {
                    "dataset": point.trial.dataset,
                    "network": point.trial.network,
                    "trials": 1,
                    "to train": int(todo),
                    "image passes": passes,
                    "flops": flops,
                    "bytes": 4.0 * found.trained_values,
                }
            )
        return pl.DataFrame(rows).group_by("dataset", "network", maintain_order=True).sum()

    def _outputs(self, trial: Trial) -> bytes:
        """What decides the outputs of a network without a prompt."""
        mapping = trial.mapping.build(self.sketch(trial.network)[0].ends(self.names(trial.dataset)))
        method = trial.method.model_dump(mode="json")
        computed = trial.training.precision, trial.training.compile
        return canonical([trial.dataset, trial.network, method, mapping.reads, *computed])

    def accounts(self) -> dict[str, Account]:
        """What trials will do to each network, as far as can be seen without weights."""
        pairs = {p.trial.network: p.trial.dataset for p in self.experiment.points}
        return {
            network: engine(self.sketch(network)[1].for_targets(self.names(dataset)), "fp32")
            .account()
            for network, dataset in pairs.items()
        }  # fmt: skip

    def bytes_on_disk(self) -> dict[str, float]:
        """Of prepared datasets and checkpoints; the user's cache has downloads besides."""
        data = sum(self._bytes_of(name) for name in self.params.datasets)
        values = sum(self._values(name) for name in self.params.checkpoints)
        return {"datasets": data, "checkpoints": 4.0 * values}

    def _bytes_of(self, dataset: str) -> float:
        height, width = self.params.datasets[dataset].stored
        return 3.0 * height * width * sum(self.sizes(dataset)[1:])

    def _values(self, network: str) -> int:
        _, sketch = self.sketch(network)
        return sum(p.numel() for p in sketch.parameters())


GPU = 100e12
"""FLOP/s that a GPU is taken to sustain where GPU hours are told: an assumption, not measured."""


def computing(table: pl.DataFrame) -> str:
    """Of all trials of ``table``, in words that hold on any machine."""
    flops = float(table["flops"].sum())
    hours = rounded(flops / GPU / 3600)
    return f"{rounded(flops / 1e15)} PFLOP, which is {hours} GPU hours at {GPU / 1e12:.0f} TFLOP/s"


def disk(estimate: Estimate, table: pl.DataFrame) -> str:
    """What will lie in data/."""
    sizes = estimate.bytes_on_disk() | {"prompts": float(table["bytes"].sum())}
    return ", ".join(f"{name} {rounded(size / 1e9)} GB" for name, size in sizes.items())


def rounded(value: float) -> str:
    """Three digits that count: 22,600 or 0.0354."""
    digits = 2 - math.floor(math.log10(abs(value))) if value else 0
    return f"{round(value, digits):,.{max(0, digits)}f}"


def measured_speeds(estimate: Estimate, networks: Sequence[str], device: str) -> pl.DataFrame:
    """FLOP/s of each network on this machine, one trial at a time."""
    rows = [(name, cost.speed(estimate.sketch(name)[0], device)) for name in networks]
    return pl.DataFrame(rows, schema={"network": pl.String, "speed": pl.Float64}, orient="row")


def machine(device: str) -> str:
    """In words."""
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else "one CPU core"
