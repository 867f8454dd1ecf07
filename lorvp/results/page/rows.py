"""The trials behind a row of the tables: what a cell of the page leads to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lorvp.results.tables.table import BETWEEN, KEY
from lorvp.text.polyline import polyline

WIDTH, HEIGHT = 240, 60
"""Of a curve, in pixels."""


@dataclass(frozen=True)
class OfSeed:
    """One trial: accuracies in percent, its name in the store, and how to predict with it."""

    seed: int
    validation: float
    test: float
    fingerprint: str
    command: str


@dataclass(frozen=True)
class Row:
    """The trials of a method with a mapping on a dataset and a network."""

    dataset: str
    network: str
    method: str
    mapping: str
    trials: Sequence[OfSeed]
    settings: str
    """Of all but the seed, as YAML."""
    curve: Sequence[float] = field(default_factory=list)
    """Validation accuracy in percent after each epoch, mean over seeds."""
    prompt: str = ""
    """A picture of the prompt of the best seed on validation, as a data URL."""

    @property
    def key(self) -> str:
        """What links of tables lead here by."""
        return BETWEEN.join(getattr(self, name) for name in KEY)

    @property
    def points(self) -> str:
        """The curve as points of an SVG of WIDTH x HEIGHT, its lowest value at the bottom."""
        values = [value for value in self.curve if value == value]
        if len(values) < 2:
            return ""
        return polyline(values, (min(values), max(values)), (0, 2, WIDTH, HEIGHT - 4))
