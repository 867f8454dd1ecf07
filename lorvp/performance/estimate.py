"""What the trials of an experiment will cost: image passes, FLOPs, bytes on disk, hours."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import polars as pl

from lorvp.experiment.trial import Point
from lorvp.networks.acceleration.account import Account
from lorvp.performance.lanes import Load
from lorvp.performance.memory import load
from lorvp.performance.passes import engine_of, of_an_image
from lorvp.performance.speed import speed
from lorvp.performance.trial_costs import Dataset, Network, TrialCosts
from lorvp.recipe import Precision

STEP = "network", "precision", "batch"
"""What decides how fast a step is: columns of tables."""


class Estimate:
    """Costs of an experiment's trials, in sum and by the steps that they are made of."""

    def __init__(
        self,
        points: Sequence[Point],
        missing: Collection[Point],
        datasets: Mapping[str, Dataset],
        networks: Mapping[str, Network],
        times: Sequence[float] = (),
    ) -> None:
        """``times``: how many trials each of the points stands for; 1 unless given."""
        self.times = times or [1.0] * len(points)
        self.points, self.missing = points, missing
        self.datasets, self.networks = datasets, networks
        self._costs = TrialCosts(datasets, networks)
        self._loads: dict[str, Load] = {}

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
        found, to_train = self._costs.of(point), point in self.missing
        passes, flops = found.image_passes * to_train, found.flops * to_train
        if found.kept and to_train:
            outputs = self._costs.outputs(point.trial)
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
