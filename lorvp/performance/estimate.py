"""What the trials of an experiment will cost: image passes, FLOPs, bytes on disk, hours."""

from __future__ import annotations

from collections import abc
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from lorvp.datasets.source import Sizes
from lorvp.errors import InputError
from lorvp.experiment.trial import Point, Trial
from lorvp.files.whole import canonical
from lorvp.images import Size
from lorvp.mappings.base import Mapping
from lorvp.networks.acceleration.account import Account
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Canvas, Ends
from lorvp.networks.manifest import CheckpointManifest
from lorvp.networks.sources.trained import threads
from lorvp.performance.flops import Alone, Cost, PerImage, alone, of_trial, per_image
from lorvp.performance.lanes import Load
from lorvp.performance.memory import load
from lorvp.performance.passes import engine_of, of_an_image
from lorvp.performance.shapes import Undrawn
from lorvp.performance.speed import speed
from lorvp.prompts.methods.base import Method
from lorvp.recipe import Precision

STEP = "network", "precision", "batch"
"""What decides how fast a step is: columns of tables."""


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
        datasets: abc.Mapping[str, Dataset],
        networks: abc.Mapping[str, Network],
        times: Sequence[float] = (),
    ) -> None:
        """``times``: how many trials each of the points stands for; 1 unless given."""
        self.times = times or [1.0] * len(points)
        self.points, self.missing = points, missing
        self.datasets, self.networks = datasets, networks
        self._alone: dict[tuple[bytes, Canvas], Alone] = {}
        self._per_image: dict[bytes, PerImage] = {}
        self._loads: dict[str, Load] = {}
        self._costs: dict[bytes, Cost] = {}
        self._mappings: dict[tuple[str, str, bytes], Mapping] = {}
        self._ends: dict[tuple[str, str], Ends] = {}

    def table(self) -> pl.DataFrame:
        """One row for each dataset and each of ``STEP``: ``trials``, ``to train``, ``bytes`` of the
        prompts, and ``image passes`` and ``flops`` of the trials that are missing.

        Raises:
            InputError: the parts of a trial do not fit each other.
        """
        counted: set[bytes] = set()
        rows = [
            _times(number, self._row(point, counted))
            for point, number in zip(self.points, self.times, strict=True)
        ]
        return in_sum(pl.DataFrame(rows))

    def _row(self, point: Point, counted: set[bytes]) -> dict[str, Any]:
        found, to_train = self._cost(point), point in self.missing
        passes, flops = found.image_passes * to_train, found.flops * to_train
        if found.kept and to_train:
            outputs = self._outputs(point.trial)
            passes, flops = (0, 0.0) if outputs in counted else (passes, flops)
            counted.add(outputs)
        return {
            "dataset": point.trial.dataset,
            "network": point.trial.network,
            "precision": point.trial.training.precision,
            "batch": point.trial.training.batch_size,
            "trials": 1,
            "to train": int(to_train),
            "image passes": passes,
            "flops": flops,
            "bytes": 4.0 * found.trained_values,
        }

    def _cost(self, point: Point) -> Cost:
        key = canonical(point.trial.model_dump(mode="json", exclude={"seed"}))
        if key not in self._costs:
            try:
                with threads(1):  # all of it is small, and several would wait for each other
                    self._costs[key] = self._cost_of(point.trial)
            except InputError as error:
                raise InputError(f"{point.method} · {point.mapping}: {error}") from error
        return self._costs[key]

    def _ends_of(self, trial: Trial) -> Ends:
        pair = trial.network, trial.dataset
        if pair not in self._ends:
            names = self.datasets[trial.dataset].class_names
            self._ends[pair] = self.networks[trial.network].manifest.ends(names)
        return self._ends[pair]

    def _cost_of(self, trial: Trial) -> Cost:
        data, network = self.datasets[trial.dataset], self.networks[trial.network]
        ends, mapping = self._ends_of(trial), self._mapping_of(trial)
        settings = [trial.method.model_dump(mode="json"), mapping.reads, ends.source_classes]
        key = canonical([trial.network, *settings])
        if key not in self._per_image:
            own = self._alone_on(network.manifest.canvas, trial.method)
            given = network.manifest, network.sketch, data.class_names, mapping.reads
            self._per_image[key] = per_image(trial.method, *given, own)
        return of_trial(trial, mapping, data.sizes, self._per_image[key])

    def _mapping_of(self, trial: Trial) -> Mapping:
        """The trial's mapping, without its values."""
        settings = canonical(trial.mapping.model_dump(mode="json"))
        key = trial.network, trial.dataset, settings
        if key not in self._mappings:
            with Undrawn():
                self._mappings[key] = trial.mapping.build(self._ends_of(trial)).to("meta")
        return self._mappings[key]

    def _alone_on(self, canvas: Canvas, method: Method) -> Alone:
        key = canonical(method.model_dump(mode="json")), canvas
        if key not in self._alone:
            self._alone[key] = alone(method, canvas)
        return self._alone[key]

    def _outputs(self, trial: Trial) -> bytes:
        """What decides the outputs of a network without a prompt."""
        method = trial.method.model_dump(mode="json")
        reads = self._mapping_of(trial).reads
        computed = trial.training.precision, trial.training.compile
        return canonical([trial.dataset, trial.network, method, reads, *computed])

    def accounts(self) -> dict[str, Account]:
        """What trials will do to each network, as far as can be seen without weights."""
        names = dict.fromkeys(point.trial.network for point in self.points)
        return {name: engine_of(self.networks[name].sketch).account() for name in names}

    def load(self, network: str) -> Load:
        """What each image of a step asks of a network."""
        if network not in self._loads:
            self._loads[network] = load(engine_of(self.networks[network].sketch))
        return self._loads[network]

    def speed(self, network: str, device: str, precision: Precision, images: int | None) -> float:
        """FLOP/s of a network, measured on this machine now, one step at a time; see ``speed``."""
        sketch = self.networks[network].sketch
        return speed(sketch, of_an_image(sketch), device, precision, images)

    def bytes_on_disk(self) -> dict[str, float]:
        """Bytes of prepared datasets and checkpoints; the user's cache has downloads besides."""
        sketches = [network.sketch for network in self.networks.values()]
        values = sum(p.numel() for sketch in sketches for p in sketch.parameters())
        images = sum(_bytes_of(dataset) for dataset in self.datasets.values())
        return {"datasets": images, "checkpoints": 4.0 * values}


def in_sum(table: pl.DataFrame) -> pl.DataFrame:
    """The rows of a dataset and a step in one."""
    return table.group_by("dataset", *STEP, maintain_order=True).sum()


COUNTED = "trials", "to train", "image passes", "flops"


def _times(number: float, row: dict[str, Any]) -> dict[str, Any]:
    """A row of so many trials; their prompts are counted elsewhere."""
    if number == 1:
        return row
    return row | {key: type(row[key])(round(number * row[key])) for key in COUNTED}


def _bytes_of(dataset: Dataset) -> float:
    height, width = dataset.stored
    _, *images = dataset.sizes
    return 3.0 * height * width * sum(images)
