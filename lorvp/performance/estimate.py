"""What the trials of an experiment will cost: image passes, FLOPs, bytes on disk, hours."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from lorvp.datasets.source import Sizes
from lorvp.errors import InputError
from lorvp.experiment.trial import Point, Trial
from lorvp.files.whole import canonical
from lorvp.images import Size
from lorvp.networks.acceleration.account import Account
from lorvp.networks.acceleration.engine import engine
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.manifest import CheckpointManifest
from lorvp.performance.flops import Cost, PerImage, of_trial, per_image, speed

GPU = 100e12
"""FLOP/s that a GPU is taken to sustain where GPU hours are told: an assumption, not measured."""


@dataclass(frozen=True)
class Dataset:
    """What has to be known of a dataset; it need not be prepared."""

    sizes: Sizes
    class_names: Sequence[str]
    """Of the target classes."""
    stored: Size
    """Height and width of its images on disk."""


@dataclass(frozen=True)
class Network:
    """A checkpoint whose weights need not be there."""

    manifest: CheckpointManifest
    sketch: FrozenNetwork
    """The network on the meta device."""


class Estimate:
    """Costs of an experiment's trials; what several of them share is counted or computed once."""

    def __init__(
        self,
        points: Sequence[Point],
        missing: Collection[Point],
        datasets: Mapping[str, Dataset],
        networks: Mapping[str, Network],
    ) -> None:
        self.points, self.missing = points, missing
        self.datasets, self.networks = datasets, networks
        self._per_image: dict[bytes, PerImage] = {}

    def table(self) -> pl.DataFrame:
        """One row for each dataset and network: ``trials``, ``to train``, ``bytes`` of the prompts,
        and ``image passes`` and ``flops`` of the trials that are missing.

        Raises:
            InputError: the parts of a trial do not fit each other.
        """
        counted: set[bytes] = set()
        rows = [self._row(point, counted) for point in self.points]
        return pl.DataFrame(rows).group_by("dataset", "network", maintain_order=True).sum()

    def _row(self, point: Point, counted: set[bytes]) -> dict[str, object]:
        found, to_train = self._cost(point), point in self.missing
        passes, flops = found.image_passes * to_train, found.flops * to_train
        if found.kept and to_train:
            outputs = self._outputs(point.trial)
            passes, flops = (0, 0.0) if outputs in counted else (passes, flops)
            counted.add(outputs)
        return {
            "dataset": point.trial.dataset,
            "network": point.trial.network,
            "trials": 1,
            "to train": int(to_train),
            "image passes": passes,
            "flops": flops,
            "bytes": 4.0 * found.trained_values,
        }

    def _cost(self, point: Point) -> Cost:
        try:
            return self._cost_of(point.trial)
        except InputError as error:
            raise InputError(f"{point.method} · {point.mapping}: {error}") from error

    def _cost_of(self, trial: Trial) -> Cost:
        data, network = self.datasets[trial.dataset], self.networks[trial.network]
        ends = network.manifest.ends(data.class_names)
        mapping = trial.mapping.build(ends)
        settings = [trial.method.model_dump(mode="json"), mapping.reads, ends.source_classes]
        key = canonical([trial.network, *settings])
        if key not in self._per_image:
            self._per_image[key] = per_image(
                trial.method, network.manifest, network.sketch, data.class_names, mapping.reads
            )
        return of_trial(trial, mapping, data.sizes, self._per_image[key])

    def _outputs(self, trial: Trial) -> bytes:
        """What decides the outputs of a network without a prompt."""
        ends = self.networks[trial.network].manifest.ends(self.datasets[trial.dataset].class_names)
        method = trial.method.model_dump(mode="json")
        reads = trial.mapping.build(ends).reads
        computed = trial.training.precision, trial.training.compile
        return canonical([trial.dataset, trial.network, method, reads, *computed])

    def accounts(self) -> dict[str, Account]:
        """What trials will do to each network, as far as can be seen without weights."""
        pairs = {point.trial.network: point.trial.dataset for point in self.points}
        return {network: self._account(network, dataset) for network, dataset in pairs.items()}

    def _account(self, network: str, dataset: str) -> Account:
        sketch, names = self.networks[network].sketch, self.datasets[dataset].class_names
        return engine(sketch.for_targets(names), "fp32").account()

    def speeds(self, networks: Iterable[str], device: str) -> pl.DataFrame:
        """FLOP/s of each network, measured on this machine now, one trial at a time."""
        rows = [(name, speed(self.networks[name].manifest, device)) for name in networks]
        return pl.DataFrame(rows, schema={"network": pl.String, "speed": pl.Float64}, orient="row")

    def bytes_on_disk(self) -> dict[str, float]:
        """Bytes of prepared datasets and checkpoints; the user's cache has downloads besides."""
        sketches = [network.sketch for network in self.networks.values()]
        values = sum(p.numel() for sketch in sketches for p in sketch.parameters())
        images = sum(_bytes_of(dataset) for dataset in self.datasets.values())
        return {"datasets": images, "checkpoints": 4.0 * values}


def _bytes_of(dataset: Dataset) -> float:
    height, width = dataset.stored
    _, *images = dataset.sizes
    return 3.0 * height * width * sum(images)


def timed(table: pl.DataFrame, speeds: pl.DataFrame, at_once: int) -> pl.DataFrame:
    """``table`` with the ``speed`` of its networks and the ``hours`` that ``at_once`` trials at a
    time take; 0 where nothing is to be trained."""
    hours = pl.col("flops") / pl.col("speed") / at_once / 3600
    joined = table.join(speeds, on="network", how="left", maintain_order="left")
    return joined.with_columns(hours=hours.fill_null(0))


def readable(timed: pl.DataFrame) -> pl.DataFrame:
    """The table in the units that people read."""
    return timed.select(
        "dataset",
        "network",
        "trials",
        "to train",
        "image passes",
        (pl.col("flops") / 1e15).round_sig_figs(3).alias("PFLOP"),
        (pl.col("speed") / 1e9).round_sig_figs(3).alias("GFLOP/s here"),
        pl.col("hours").round_sig_figs(3).alias("hours here"),
    )


def computing(table: pl.DataFrame) -> str:
    """FLOPs of all trials of ``table``, in words that hold on any machine."""
    flops = float(table["flops"].sum())
    hours = rounded(flops / GPU / 3600)
    return f"{rounded(flops / 1e15)} PFLOP, which is {hours} GPU hours at {GPU / 1e12:.0f} TFLOP/s"


def disk(estimate: Estimate, table: pl.DataFrame) -> str:
    """How much will lie in data/."""
    sizes = estimate.bytes_on_disk() | {"prompts": float(table["bytes"].sum())}
    return ", ".join(f"{name} {rounded(size / 1e9)} GB" for name, size in sizes.items())


def rounded(value: float) -> str:
    """Three digits that count: 22,600 or 0.0354."""
    digits = 2 - math.floor(math.log10(abs(value))) if value else 0
    return f"{round(value, digits):,.{max(0, digits)}f}"
