"""What is measured: a network, how it is trained, and what is to be reached."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from lorvp.recipe import Precision

Work = Literal["training", "ilm epoch", "evaluation"]
Way = Literal["eager", "captured", "compiled", "published", "published, autocast"]
"""``captured`` is the way of this project's trials on a GPU: each step is one CUDA graph. So it is
where the network is ``compiled`` besides."""


@dataclass(frozen=True)
class Aim:
    """A number of a row that is to be ``at_least`` so large.

    With ``over``, the number is divided by that of the row with this name, measured before.
    """

    number: str
    at_least: float
    over: str | None = None

    def __str__(self) -> str:
        what = self.number if self.over is None else f"{self.number} / those of {self.over}"
        return f"{what} >= {self.at_least:g}"


@dataclass(frozen=True)
class Case:
    """One measurement; images have CIFAR's size and are resized to ``side``."""

    network: str
    batch: int
    precision: Precision
    way: Way = "captured"
    lanes: int = 1
    """Trials in one process whose batches go through the network together."""
    work: Work = "training"
    method: str = "lor_vp"
    """A kind, or ``params.yaml`` for the default experiment's trials in turn."""
    side: int = 224
    sources: int = 1000
    """Classes of the network."""
    images: int = 2048
    """Images of an epoch; each lane trains on all of them."""
    seconds: float = 3.0
    """For which epochs are repeated, after one that is not counted."""
    needs: float = 12.0
    """Seconds that are to be left for a start, with building the network and a profile."""
    aims: tuple[Aim, ...] = field(default=(), compare=False)

    @property
    def name(self) -> str:
        lanes = f"{self.lanes} lanes of " if self.lanes > 1 else ""
        method = "" if self.method == "lor_vp" else f", {self.method}"
        place = f"{self.network}@{self.side}{method}"
        return f"{self.work}, {place}, {lanes}{self.batch}, {self.precision}, {self.way}"

    @property
    def facts(self) -> dict[str, Any]:
        """What a row says of the case."""
        return {
            "work": self.work,
            "network": f"{self.network}@{self.side}",
            "method": self.method,
            "batch": self.batch,
            "lanes": self.lanes,
            "precision": self.precision,
            "way": self.way,
        }


def tiny(case: Case) -> Case:
    """The same on a network and images so small that a CPU takes no time for it."""
    network = "test_vit" if "vit" in case.network else "test_resnet"
    # The papers' border of 30 pixels needs 60 of them.
    lanes, side = min(case.lanes, 2), min(case.side, 64)
    return replace(case, network=network, batch=8, lanes=lanes, side=side, images=16, seconds=0)
